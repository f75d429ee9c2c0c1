The code graph. Names are looked up through `graph_names`: `asked` is a list of [name, what is matched there]. It is contentless:
a file leaves it only when it is given the very hashes that were put in.

-- insert_symbol --
INSERT INTO symbols (file_id, ordinal, symbol, key, kind, start_line, end_line, signature) VALUES (?, ?, ?, ?, ?, ?, ?, ?)

-- insert_reference --
INSERT INTO symbol_references (file_id, ordinal, kind, name, qualifier, alias, scope, lines) VALUES (?, ?, ?, ?, ?, ?, ?, ?)

-- insert_name --
INSERT INTO graph_names (rowid, defined, referred) VALUES (?, ?, ?)

-- delete_name --
INSERT INTO graph_names (graph_names, rowid, defined, referred) VALUES ('delete', ?, ?, ?)

-- select_keys_of --
SELECT DISTINCT file_id, key FROM symbols
WHERE file_id IN (SELECT id FROM files WHERE path IN (SELECT value FROM json_each(:paths)))

-- select_names_of --
SELECT DISTINCT file_id, name FROM symbol_references
WHERE file_id IN (SELECT id FROM files WHERE path IN (SELECT value FROM json_each(:paths)))

-- delete_symbols --
DELETE FROM symbols WHERE file_id IN (SELECT id FROM files WHERE path IN (SELECT value FROM json_each(:paths)))

-- delete_references --
DELETE FROM symbol_references WHERE file_id IN (SELECT id FROM files WHERE path IN (SELECT value FROM json_each(:paths)))

-- clear_names --
INSERT INTO graph_names (graph_names) VALUES ('delete-all')

-- clear_symbols --
DELETE FROM symbols

-- clear_references --
DELETE FROM symbol_references

-- find_definitions --
SELECT files.path, language, symbol, kind, start_line, end_line, signature
FROM json_each(:asked) AS asked
CROSS JOIN graph_names ON graph_names MATCH json_extract(asked.value, '$[1]')
CROSS JOIN symbols ON file_id = graph_names.rowid AND symbols.key = json_extract(asked.value, '$[0]')
CROSS JOIN files ON files.id = file_id
ORDER BY files.path, start_line, symbol, ordinal

-- definitions_in --
SELECT files.path, language, symbol, kind, start_line, end_line, signature
FROM files CROSS JOIN symbols ON file_id = files.id
WHERE files.path IN (SELECT value FROM json_each(:paths))
AND (:symbols = '[]' OR symbol IN (SELECT value FROM json_each(:symbols)))
ORDER BY files.path, start_line, symbol, ordinal

-- find_references --
SELECT files.path, language, kind, name, qualifier, alias, scope, line.value
FROM json_each(:asked) AS asked
CROSS JOIN graph_names ON graph_names MATCH json_extract(asked.value, '$[1]')
CROSS JOIN symbol_references ON file_id = graph_names.rowid AND name = json_extract(asked.value, '$[0]')
CROSS JOIN files ON files.id = file_id
CROSS JOIN json_each(lines) AS line
ORDER BY files.path, line.value, name, qualifier, ordinal
LIMIT :limit

-- references_in --
SELECT files.path, language, kind, name, qualifier, alias, scope, line.value
FROM files CROSS JOIN symbol_references ON file_id = files.id CROSS JOIN json_each(lines) AS line
WHERE files.path IN (SELECT value FROM json_each(:paths))
AND (:kinds = '[]' OR kind IN (SELECT value FROM json_each(:kinds)))
AND (:within = '[]' OR EXISTS (
    SELECT 1 FROM json_each(:within) AS owner
    WHERE scope = owner.value OR substr(scope, 1, length(owner.value) + 1) = owner.value || '.'
))
ORDER BY files.path, line.value, name, qualifier, ordinal

-- rows_at --
SELECT files.path, line, chunks.row
FROM (SELECT json_extract(value, '$[0]') AS path, json_extract(value, '$[1]') AS line FROM json_each(:places)) AS place
CROSS JOIN files ON files.path = place.path
CROSS JOIN chunks ON chunks.file_id = files.id AND line BETWEEN start_line AND end_line
ORDER BY end_line - start_line DESC, chunks.row DESC
