The code graph. Its rows come by COPY into the tables `staged_…` (see index.sql), whose columns have the order of the
application's rows: there is no COPY into a table with row level security.

-- stage_symbols --
CREATE TEMP TABLE IF NOT EXISTS staged_symbols (
    file_id BIGINT,
    ordinal INTEGER,
    symbol TEXT,
    key TEXT,
    kind TEXT,
    start_line INTEGER,
    end_line INTEGER,
    signature TEXT
) ON COMMIT DELETE ROWS

-- insert_symbols --
INSERT INTO symbols (project_id, file_id, ordinal, symbol, key, kind, start_line, end_line, signature)
SELECT :project, file_id, ordinal, symbol, key, kind, start_line, end_line, signature FROM staged_symbols

-- stage_symbol_references --
CREATE TEMP TABLE IF NOT EXISTS staged_symbol_references (
    file_id BIGINT,
    ordinal INTEGER,
    kind TEXT,
    name TEXT,
    qualifier TEXT,
    alias TEXT,
    scope TEXT,
    lines INTEGER[]
) ON COMMIT DELETE ROWS

-- insert_symbol_references --
INSERT INTO symbol_references (project_id, file_id, ordinal, kind, name, qualifier, alias, scope, lines)
SELECT :project, file_id, ordinal, kind, name, qualifier, alias, scope, lines FROM staged_symbol_references

-- delete_symbols --
DELETE FROM symbols WHERE project_id = :project AND file_id = ANY(CAST(:files AS bigint[]))

-- delete_references --
DELETE FROM symbol_references WHERE project_id = :project AND file_id = ANY(CAST(:files AS bigint[]))

-- clear_symbols --
DELETE FROM symbols WHERE project_id = :project

-- clear_references --
DELETE FROM symbol_references WHERE project_id = :project

-- find_definitions --
SELECT f.path, f.language, s.symbol, s.kind, s.start_line, s.end_line, s.signature
FROM symbols AS s JOIN files AS f ON f.project_id = :project AND f.id = s.file_id
WHERE s.project_id = :project AND s.key = ANY(CAST(:keys AS text[]))
ORDER BY f.path, s.start_line, s.symbol, s.ordinal

-- definitions_in --
SELECT f.path, f.language, s.symbol, s.kind, s.start_line, s.end_line, s.signature
FROM files AS f JOIN symbols AS s ON s.project_id = :project AND s.file_id = f.id
WHERE f.project_id = :project AND f.path = ANY(CAST(:paths AS text[]))
AND (cardinality(CAST(:symbols AS text[])) = 0 OR s.symbol = ANY(CAST(:symbols AS text[])))
ORDER BY f.path, s.start_line, s.symbol, s.ordinal

-- find_references --
SELECT f.path, f.language, r.kind, r.name, r.qualifier, r.alias, r.scope, line
FROM symbol_references AS r
JOIN files AS f ON f.project_id = :project AND f.id = r.file_id
CROSS JOIN unnest(r.lines) AS line
WHERE r.project_id = :project AND r.name = ANY(CAST(:names AS text[]))
ORDER BY f.path, line, r.name, r.qualifier, r.ordinal
LIMIT :limit

-- references_in --
SELECT f.path, f.language, r.kind, r.name, r.qualifier, r.alias, r.scope, line
FROM files AS f
JOIN symbol_references AS r ON r.project_id = :project AND r.file_id = f.id
CROSS JOIN unnest(r.lines) AS line
WHERE f.project_id = :project AND f.path = ANY(CAST(:paths AS text[]))
AND (cardinality(CAST(:kinds AS text[])) = 0 OR r.kind = ANY(CAST(:kinds AS text[])))
AND (cardinality(CAST(:within AS text[])) = 0 OR EXISTS (
    SELECT 1 FROM unnest(CAST(:within AS text[])) AS owner
    WHERE r.scope = owner OR starts_with(r.scope, owner || '.')
))
ORDER BY f.path, line, r.name, r.qualifier, r.ordinal

-- rows_at --
SELECT f.path, place.line, c.row
FROM unnest(CAST(:paths AS text[]), CAST(:lines AS bigint[])) AS place (path, line)
JOIN files AS f ON f.project_id = :project AND f.path = place.path
JOIN chunks AS c
    ON c.project_id = :project AND c.file_id = f.id AND place.line BETWEEN c.start_line AND c.end_line
ORDER BY c.end_line - c.start_line DESC, c.row DESC
