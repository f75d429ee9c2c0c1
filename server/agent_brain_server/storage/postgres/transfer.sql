Copying an index from or to another backend. A page begins behind a key, the first one behind NULL. `unfinished_copies` says how far each copy is that is not finished; meanwhile the copy holds the project's write lease without an end.

-- page_vectors --
SELECT text_hash, vector FROM vectors
WHERE project_id = :project AND (CAST(:after_text_hash AS text) IS NULL OR text_hash > CAST(:after_text_hash AS text))
ORDER BY text_hash LIMIT :limit

-- page_files --
SELECT id, path, folder, content_hash, size, mtime_ns, language, chunk_count, note, indexed_at FROM files
WHERE project_id = :project AND (CAST(:after_id AS bigint) IS NULL OR id > CAST(:after_id AS bigint))
ORDER BY id LIMIT :limit

-- page_chunks --
SELECT
    row, chunk_id, file_id, start_line, end_line, language, kind, symbol, name, text_hash, signature, documentation, text
FROM chunks
WHERE project_id = :project AND (CAST(:after_row AS bigint) IS NULL OR row > CAST(:after_row AS bigint))
ORDER BY row LIMIT :limit

-- page_symbols --
SELECT file_id, ordinal, symbol, key, kind, start_line, end_line, signature FROM symbols
WHERE project_id = :project AND (
    CAST(:after_file_id AS bigint) IS NULL
    OR (file_id, ordinal) > (CAST(:after_file_id AS bigint), CAST(:after_ordinal AS integer))
)
ORDER BY file_id, ordinal LIMIT :limit

-- page_symbol_references --
SELECT file_id, ordinal, kind, name, qualifier, alias, scope, lines FROM symbol_references
WHERE project_id = :project AND (
    CAST(:after_file_id AS bigint) IS NULL
    OR (file_id, ordinal) > (CAST(:after_file_id AS bigint), CAST(:after_ordinal AS integer))
)
ORDER BY file_id, ordinal LIMIT :limit

-- page_folders --
SELECT path, include, exclude FROM folders
WHERE project_id = :project AND (CAST(:after_path AS text) IS NULL OR path > CAST(:after_path AS text))
ORDER BY path LIMIT :limit

-- page_jobs --
SELECT id, state, paths, force, created_at, started_at, finished_at, attempt, error, progress FROM jobs
WHERE project_id = :project AND (CAST(:after_id AS bigint) IS NULL OR id > CAST(:after_id AS bigint))
ORDER BY id LIMIT :limit

-- count_rows --
SELECT
    (SELECT count(*) FROM vectors WHERE project_id = :project),
    (SELECT count(*) FROM files WHERE project_id = :project),
    (SELECT count(*) FROM chunks WHERE project_id = :project),
    (SELECT count(*) FROM symbols WHERE project_id = :project),
    (SELECT count(*) FROM symbol_references WHERE project_id = :project),
    (SELECT count(*) FROM folders WHERE project_id = :project),
    (SELECT count(*) FROM jobs WHERE project_id = :project)

-- describe_project --
SELECT
    p.instance, s.generation, p.tokenizer_version, p.embedding_name, p.embedding_dimensions, p.embedding_tokenizer,
    s.embedded_texts, s.next_row, p.next_job
FROM projects AS p JOIN index_state AS s ON s.project_id = :project
WHERE p.project_id = :project

-- select_paths_among --
SELECT id, path FROM files WHERE project_id = :project AND id = ANY(CAST(:ids AS bigint[]))

-- insert_copied_job --
INSERT INTO jobs
    (project_id, id, state, paths, force, created_at, started_at, finished_at, attempt, error, progress)
VALUES (
    :project, :id, :state, CAST(:paths AS jsonb), :force, :created_at, :started_at, :finished_at, :attempt, :error,
    CAST(:progress AS jsonb)
)

-- clear_folders --
DELETE FROM folders WHERE project_id = :project

-- clear_jobs --
DELETE FROM jobs WHERE project_id = :project

-- set_job_numbers --
UPDATE projects SET next_job = :next_job WHERE project_id = :project

-- set_counters --
UPDATE index_state SET
    generation = CASE WHEN generation = 0 OR generation < :generation THEN :generation ELSE generation + 1 END,
    embedded_texts = :embedded_texts,
    next_row = :next_row,
    next_file = (SELECT coalesce(max(id), 0) + 1 FROM files WHERE project_id = :project),
    writer = NULL,
    writer_until = NULL
WHERE project_id = :project

-- lock_copy --
SELECT pg_try_advisory_lock(hashtextextended('agent_brain copy ' || CAST(:project AS text), 0))

-- lock_copy_once --
SELECT pg_try_advisory_xact_lock(hashtextextended('agent_brain copy ' || CAST(:project AS text), 0))

-- hold_writing --
UPDATE index_state SET writer = 'copy', writer_until = 'infinity'
WHERE project_id = :project AND (writer IS NULL OR writer = 'copy' OR writer_until < clock_timestamp())

-- give_up_writing --
UPDATE index_state SET writer = NULL, writer_until = NULL WHERE project_id = :project AND writer = 'copy'

-- insert_checkpoint --
INSERT INTO unfinished_copies (project_id, table_name, source) VALUES (:project, :table_name, :source)

-- list_checkpoints --
SELECT table_name, source, last_key, rows FROM unfinished_copies WHERE project_id = :project

-- save_checkpoint --
UPDATE unfinished_copies SET last_key = :last_key, rows = rows + :rows
WHERE project_id = :project AND table_name = :table_name

-- clear_ledger --
DELETE FROM unfinished_copies WHERE project_id = :project
