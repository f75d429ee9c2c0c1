Writing. A write begins with `begin_change`, which gives no row while another worker holds the lease: the row that it locks makes
the writes of one project follow each other. Rows come by COPY into the tables `staged_…`, which live as long as the connection
and are empty between two transactions.

-- begin_change --
UPDATE index_state SET generation = generation + 1
WHERE project_id = :project AND (writer IS NULL OR writer_until < clock_timestamp())
RETURNING next_row, next_file

-- begin_change_as_writer --
UPDATE index_state SET generation = generation + 1
WHERE project_id = :project AND writer = :writer
RETURNING next_row, next_file

-- acquire_writing --
UPDATE index_state
SET writer = :writer, writer_until = clock_timestamp() + make_interval(secs => CAST(:seconds AS double precision))
WHERE project_id = :project AND project_id IN (
    SELECT project_id FROM index_state
    WHERE project_id = :project AND (writer IS NULL OR writer = :writer OR writer_until < clock_timestamp())
    FOR UPDATE SKIP LOCKED
)

-- find_writer --
SELECT writer FROM index_state WHERE project_id = :project AND writer IS NOT NULL

-- take_writing --
UPDATE index_state
SET writer = :writer, writer_until = clock_timestamp() + make_interval(secs => CAST(:seconds AS double precision))
WHERE project_id = :project AND writer = :dead

-- renew_writing --
UPDATE index_state
SET writer_until = clock_timestamp() + make_interval(secs => CAST(:seconds AS double precision))
WHERE project_id = :project AND writer = :writer

-- release_writing --
UPDATE index_state SET writer = NULL, writer_until = NULL WHERE project_id = :project AND writer = :writer

-- list_files --
SELECT path, folder, content_hash, size, mtime_ns, language, chunk_count, note, indexed_at
FROM files WHERE project_id = :project

-- missing_vectors --
SELECT text_hash FROM unnest(CAST(:text_hashes AS text[])) AS asked (text_hash)
WHERE NOT EXISTS (SELECT 1 FROM vectors WHERE project_id = :project AND vectors.text_hash = asked.text_hash)

-- stage_chunks --
CREATE TEMP TABLE IF NOT EXISTS staged_chunks (
    row BIGINT,
    chunk_id TEXT,
    file_id BIGINT,
    start_line INTEGER,
    end_line INTEGER,
    language TEXT,
    kind TEXT,
    symbol TEXT,
    name TEXT,
    text_hash TEXT,
    signature TEXT,
    documentation TEXT,
    text TEXT,
    length INTEGER,
    terms TEXT
) ON COMMIT DELETE ROWS

-- stage_files --
CREATE TEMP TABLE IF NOT EXISTS staged_files (
    path TEXT,
    folder TEXT,
    content_hash TEXT,
    size BIGINT,
    mtime_ns BIGINT,
    language TEXT,
    chunk_count INTEGER,
    note TEXT,
    indexed_at DOUBLE PRECISION
) ON COMMIT DELETE ROWS

-- stage_vectors --
CREATE TEMP TABLE IF NOT EXISTS staged_vectors (text_hash TEXT, vector VECTOR) ON COMMIT DELETE ROWS

-- insert_vectors --
INSERT INTO vectors (project_id, text_hash, vector)
SELECT :project, text_hash, vector FROM staged_vectors
ON CONFLICT (project_id, text_hash) DO NOTHING

-- find_file_ids --
SELECT path, id FROM files WHERE project_id = :project AND path = ANY(CAST(:paths AS text[]))

-- upsert_files --
INSERT INTO files
    (project_id, id, path, folder, content_hash, size, mtime_ns, language, chunk_count, note, indexed_at)
SELECT
    :project, numbered.id, staged.path, folder, content_hash, size, mtime_ns, language, chunk_count, note, indexed_at
FROM staged_files AS staged
JOIN unnest(CAST(:paths AS text[]), CAST(:ids AS bigint[])) AS numbered (path, id) ON numbered.path = staged.path
ON CONFLICT (project_id, path) DO UPDATE SET
    folder = excluded.folder,
    content_hash = excluded.content_hash,
    size = excluded.size,
    mtime_ns = excluded.mtime_ns,
    language = excluded.language,
    chunk_count = excluded.chunk_count,
    note = excluded.note,
    indexed_at = excluded.indexed_at

-- refresh_files --
UPDATE files SET
    folder = staged.folder,
    content_hash = staged.content_hash,
    size = staged.size,
    mtime_ns = staged.mtime_ns,
    language = staged.language,
    chunk_count = staged.chunk_count,
    note = staged.note,
    indexed_at = staged.indexed_at
FROM staged_files AS staged
WHERE files.project_id = :project AND files.path = staged.path

-- insert_chunks --
INSERT INTO chunks (
    project_id, row, chunk_id, file_id, start_line, end_line, language, kind, symbol, name, text_hash, signature,
    documentation, text
)
SELECT
    :project, row, chunk_id, file_id, start_line, end_line, language, kind, symbol, name, text_hash, signature,
    documentation, text
FROM staged_chunks

-- insert_terms --
INSERT INTO chunk_terms (project_id, row, length, terms)
SELECT :project, row, length, CAST(terms AS tsvector) FROM staged_chunks

-- add_frequencies --
INSERT INTO term_frequencies (project_id, lexeme, chunks)
SELECT :project, lexeme, chunks
FROM unnest(CAST(:lexemes AS text[]), CAST(:counts AS bigint[])) AS added (lexeme, chunks)
ON CONFLICT (project_id, lexeme) DO UPDATE SET chunks = term_frequencies.chunks + excluded.chunks

-- subtract_frequencies --
UPDATE term_frequencies SET chunks = term_frequencies.chunks - gone.chunks
FROM (
    SELECT lexeme, count(*) AS chunks
    FROM chunk_terms, unnest(tsvector_to_array(terms)) AS lexeme
    WHERE project_id = :project AND row = ANY(CAST(:rows AS bigint[]))
    GROUP BY lexeme
) AS gone
WHERE term_frequencies.project_id = :project AND term_frequencies.lexeme = gone.lexeme

-- drop_unused_frequencies --
DELETE FROM term_frequencies WHERE project_id = :project AND chunks <= 0

-- select_rows_of --
SELECT row FROM chunks WHERE project_id = :project AND file_id = ANY(CAST(:files AS bigint[]))

-- delete_terms --
WITH gone AS (
    DELETE FROM chunk_terms WHERE project_id = :project AND row = ANY(CAST(:rows AS bigint[])) RETURNING length
)
SELECT coalesce(sum(length), 0) FROM gone

-- delete_chunks --
DELETE FROM chunks WHERE project_id = :project AND row = ANY(CAST(:rows AS bigint[]))

-- select_stored_of --
SELECT chunk_id, row, start_line, end_line, language, kind, signature, documentation
FROM chunks WHERE project_id = :project AND file_id = ANY(CAST(:files AS bigint[]))

-- move_chunks --
UPDATE chunks SET start_line = moved.start_line, end_line = moved.end_line
FROM unnest(CAST(:rows AS bigint[]), CAST(:starts AS integer[]), CAST(:ends AS integer[])) AS moved (row, start_line, end_line)
WHERE chunks.project_id = :project AND chunks.row = moved.row

-- delete_files --
DELETE FROM files WHERE project_id = :project AND id = ANY(CAST(:files AS bigint[]))

-- clear_terms --
DELETE FROM chunk_terms WHERE project_id = :project

-- clear_frequencies --
DELETE FROM term_frequencies WHERE project_id = :project

-- clear_chunks --
DELETE FROM chunks WHERE project_id = :project

-- clear_files --
DELETE FROM files WHERE project_id = :project

-- clear_vectors --
DELETE FROM vectors WHERE project_id = :project

-- drop_unused_vectors --
DELETE FROM vectors
WHERE project_id = :project
    AND NOT EXISTS (SELECT 1 FROM chunks WHERE chunks.project_id = :project AND chunks.text_hash = vectors.text_hash)

-- advance_state --
UPDATE index_state SET
    next_row = next_row + :rows,
    next_file = next_file + :files,
    embedded_texts = embedded_texts + :embedded,
    chunks = chunks + :chunks,
    terms = terms + :terms,
    vectors = vectors + :vectors
WHERE project_id = :project

-- clear_state --
UPDATE index_state SET chunks = 0, terms = 0 WHERE project_id = :project

-- clear_lease --
UPDATE index_state SET generation = generation + 1, writer = NULL, writer_until = NULL WHERE project_id = :project

-- clear_state_of_vectors --
UPDATE index_state SET vectors = 0 WHERE project_id = :project

-- count_all_vectors --
SELECT sum(vectors) FROM index_state

-- find_vector_index --
SELECT indisvalid FROM pg_index WHERE indexrelid = to_regclass('agent_brain.vectors_by_distance')

-- set_build_memory --
SELECT set_config('maintenance_work_mem', CAST(CAST(:needed AS bigint) / 1024 AS text) || 'kB', FALSE)
WHERE pg_size_bytes(current_setting('maintenance_work_mem')) < CAST(:needed AS bigint)

-- set_build_alone --
SELECT set_config('max_parallel_maintenance_workers', '0', FALSE)

-- create_vector_index --
CREATE INDEX CONCURRENTLY vectors_by_distance
ON vectors USING hnsw (vector vector_cosine_ops) WITH (m = {m}, ef_construction = {ef_construction})

-- create_halfvec_index --
CREATE INDEX CONCURRENTLY vectors_by_distance
ON vectors USING hnsw (CAST(vector AS halfvec({dimensions})) halfvec_cosine_ops)
WITH (m = {m}, ef_construction = {ef_construction})

-- lock_optimizing --
SELECT pg_try_advisory_lock(hashtextextended('agent_brain settling', 0))

-- unlock_optimizing --
SELECT pg_advisory_unlock(hashtextextended('agent_brain settling', 0))

-- find_changes --
SELECT EXISTS (
    SELECT 1 FROM pg_stat_user_tables
    WHERE schemaname = 'agent_brain' AND relname IN ('chunks', 'chunk_terms', 'files', 'symbols', 'symbol_references', 'vectors')
        AND n_mod_since_analyze > 0.05 * n_live_tup
)

-- refresh_statistics --
SELECT refresh_statistics()

-- index_vectors --
SELECT index_vectors(
    CAST(:most_exact AS bigint), CAST(:dimensions AS integer), CAST(:m AS integer), CAST(:ef_construction AS integer)
)

-- clean_pending_terms --
SELECT gin_clean_pending_list('agent_brain.chunk_terms_by_term')

-- analyze_chunks --
ANALYZE chunks, chunk_terms, files, symbols, symbol_references, vectors
