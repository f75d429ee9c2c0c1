Copying an index from or to another backend. A page begins behind a key, the first one behind NULL. `copy_ledger` says how far an unfinished copy into this file is; it is there only
as long as the copy is not finished.

-- page_vectors --
SELECT text_hash, vector FROM vectors
WHERE text_hash > coalesce(:after_text_hash, '') ORDER BY text_hash LIMIT :limit

-- page_files --
SELECT id, path, folder, content_hash, size, mtime_ns, language, chunk_count, note, indexed_at FROM files
WHERE id > coalesce(:after_id, -1) ORDER BY id LIMIT :limit

-- page_chunks --
SELECT
    row, chunk_id, file_id, start_line, end_line, language, kind, symbol, name, text_hash, signature, documentation, text
FROM chunks
WHERE row > coalesce(:after_row, -1) ORDER BY row LIMIT :limit

-- page_symbols --
SELECT file_id, ordinal, symbol, key, kind, start_line, end_line, signature FROM symbols
WHERE (file_id, ordinal) > (coalesce(:after_file_id, -1), coalesce(:after_ordinal, -1))
ORDER BY file_id, ordinal LIMIT :limit

-- page_symbol_references --
SELECT file_id, ordinal, kind, name, qualifier, alias, scope, lines FROM symbol_references
WHERE (file_id, ordinal) > (coalesce(:after_file_id, -1), coalesce(:after_ordinal, -1))
ORDER BY file_id, ordinal LIMIT :limit

-- page_folders --
SELECT path, include, exclude FROM folders WHERE :after_path IS NULL OR path > :after_path ORDER BY path LIMIT :limit

-- page_jobs --
SELECT id, state, paths, force, created_at, started_at, finished_at, attempt, error, progress
FROM jobs WHERE :after_id IS NULL OR id > :after_id ORDER BY id LIMIT :limit

-- count_rows --
SELECT
    (SELECT count(*) FROM vectors), (SELECT count(*) FROM files), (SELECT count(*) FROM chunks),
    (SELECT count(*) FROM symbols), (SELECT count(*) FROM symbol_references),
    (SELECT count(*) FROM folders), (SELECT count(*) FROM jobs)

-- describe_project --
SELECT
    instance, generation, tokenizer_version, embedding_name, embedding_dimensions, embedding_tokenizer, embedded_texts,
    next_row, coalesce((SELECT seq FROM sqlite_sequence WHERE name = 'jobs'), 0) + 1
FROM meta

-- select_paths_among --
SELECT id, path FROM files WHERE id IN (SELECT value FROM json_each(:ids))

-- insert_file --
INSERT INTO files (id, path, folder, content_hash, size, mtime_ns, language, chunk_count, note, indexed_at)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)

-- insert_folder --
INSERT INTO folders (path, include, exclude) VALUES (?, ?, ?)

-- insert_copied_job --
INSERT INTO jobs (id, state, paths, force, created_at, started_at, finished_at, attempt, error, progress)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)

-- clear_folders --
DELETE FROM folders

-- clear_jobs --
DELETE FROM jobs

-- clear_job_numbers --
DELETE FROM sqlite_sequence WHERE name = 'jobs'

-- set_job_numbers --
INSERT INTO sqlite_sequence (name, seq) SELECT 'jobs', :next_job - 1 WHERE :next_job > 1

-- set_counters --
UPDATE meta SET
    instance = :instance, generation = :generation, embedded_texts = :embedded_texts, next_row = :next_row

-- find_ledger --
SELECT count(*) FROM sqlite_schema WHERE name = 'copy_ledger'

-- make_ledger --
CREATE TABLE copy_ledger (
    table_name TEXT PRIMARY KEY,
    source TEXT NOT NULL,
    last_key TEXT NOT NULL DEFAULT 'null',
    rows INTEGER NOT NULL DEFAULT 0
) STRICT

-- insert_checkpoint --
INSERT INTO copy_ledger (table_name, source) VALUES (:table_name, :source)

-- list_checkpoints --
SELECT table_name, source, last_key, rows FROM copy_ledger

-- save_checkpoint --
UPDATE copy_ledger SET last_key = :last_key, rows = rows + :rows WHERE table_name = :table_name

-- drop_ledger --
DROP TABLE copy_ledger
