Writing. `chunk_terms` is contentless: a row leaves it only when it is given the very terms that were put in.

-- list_files --
SELECT path, folder, content_hash, size, mtime_ns, language, chunk_count, note, indexed_at
FROM files

-- missing_vectors --
SELECT DISTINCT value FROM json_each(:text_hashes)
WHERE NOT EXISTS (SELECT 1 FROM vectors WHERE text_hash = value)

-- insert_vector --
INSERT INTO vectors (text_hash, vector) VALUES (?, ?) ON CONFLICT (text_hash) DO NOTHING

-- find_file --
SELECT id FROM files WHERE path = :path

-- upsert_file --
INSERT INTO files (path, folder, content_hash, size, mtime_ns, language, chunk_count, note, indexed_at)
VALUES (:path, :folder, :content_hash, :size, :mtime_ns, :language, :chunk_count, :note, :indexed_at)
ON CONFLICT (path) DO UPDATE SET
    folder = excluded.folder,
    content_hash = excluded.content_hash,
    size = excluded.size,
    mtime_ns = excluded.mtime_ns,
    language = excluded.language,
    chunk_count = excluded.chunk_count,
    note = excluded.note,
    indexed_at = excluded.indexed_at

-- refresh_file --
UPDATE files SET
    folder = :folder,
    content_hash = :content_hash,
    size = :size,
    mtime_ns = :mtime_ns,
    language = :language,
    chunk_count = :chunk_count,
    note = :note,
    indexed_at = :indexed_at
WHERE path = :path

-- insert_chunk --
INSERT INTO chunks (
    row, chunk_id, file_id, start_line, end_line, language, kind, symbol, name, text_hash, signature, documentation, text
)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)

-- insert_terms --
INSERT INTO chunk_terms (rowid, symbol, path, documentation, body) VALUES (?, ?, ?, ?, ?)

-- delete_terms --
INSERT INTO chunk_terms (chunk_terms, rowid, symbol, path, documentation, body) VALUES ('delete', ?, ?, ?, ?, ?)

-- select_chunks_of --
SELECT
    chunks.row, chunk_id, path, start_line, end_line, chunks.language, kind, symbol, signature, documentation, text
FROM files JOIN chunks ON chunks.file_id = files.id
WHERE path IN (SELECT value FROM json_each(:paths))

-- delete_chunks --
DELETE FROM chunks WHERE row IN (SELECT value FROM json_each(:rows))

-- move_chunk --
UPDATE chunks SET start_line = ?, end_line = ? WHERE row = ?

-- delete_files --
DELETE FROM files WHERE path IN (SELECT value FROM json_each(:paths))

-- find_next_row --
SELECT next_row FROM meta

-- count_files --
SELECT count(*) FROM files

-- count_files_of --
SELECT count(*) FROM files WHERE path IN (SELECT value FROM json_each(:paths))

-- clear_terms --
INSERT INTO chunk_terms (chunk_terms) VALUES ('delete-all')

-- clear_chunks --
DELETE FROM chunks

-- clear_files --
DELETE FROM files

-- clear_vectors --
DELETE FROM vectors

-- drop_unused_vectors --
DELETE FROM vectors WHERE NOT EXISTS (SELECT 1 FROM chunks WHERE chunks.text_hash = vectors.text_hash)

-- advance_meta --
UPDATE meta SET generation = generation + 1, next_row = next_row + :rows, embedded_texts = embedded_texts + :embedded
