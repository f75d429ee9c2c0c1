-- The tables of schema 1, as Agent Brain made them before it had a code graph. Never to be changed.
PRAGMA application_id = 0x4142524E;

CREATE TABLE meta (
    id INTEGER PRIMARY KEY CHECK (id = 1),
    schema_version INTEGER NOT NULL,
    instance TEXT NOT NULL,
    tokenizer_version TEXT NOT NULL,
    embedding_name TEXT NOT NULL,
    embedding_dimensions INTEGER NOT NULL,
    embedding_tokenizer TEXT NOT NULL,
    embedded_texts INTEGER NOT NULL DEFAULT 0,
    generation INTEGER NOT NULL DEFAULT 0,
    next_row INTEGER NOT NULL DEFAULT 1
) STRICT;

CREATE TABLE files (
    id INTEGER PRIMARY KEY,
    path TEXT NOT NULL UNIQUE,
    folder TEXT NOT NULL,
    content_hash TEXT NOT NULL,
    size INTEGER NOT NULL,
    mtime_ns INTEGER NOT NULL,
    language TEXT NOT NULL,
    chunk_count INTEGER NOT NULL,
    note TEXT NOT NULL,
    indexed_at REAL NOT NULL
) STRICT;

CREATE INDEX files_by_folder ON files (folder);

CREATE TABLE chunks (
    row INTEGER PRIMARY KEY,
    chunk_id TEXT NOT NULL UNIQUE,
    file_id INTEGER NOT NULL REFERENCES files (id),
    start_line INTEGER NOT NULL,
    end_line INTEGER NOT NULL,
    language TEXT NOT NULL,
    kind TEXT NOT NULL,
    symbol TEXT NOT NULL,
    name TEXT NOT NULL,
    text_hash TEXT NOT NULL,
    signature TEXT NOT NULL,
    documentation TEXT NOT NULL,
    text TEXT NOT NULL
) STRICT;

CREATE INDEX chunks_by_file ON chunks (file_id);

CREATE INDEX chunks_by_language ON chunks (language, kind, file_id);

CREATE INDEX chunks_by_name ON chunks (name, symbol);

CREATE INDEX chunks_by_text ON chunks (text_hash);

CREATE VIRTUAL TABLE chunk_terms USING fts5 (symbol, path, documentation, body, content='', tokenize='ascii');

CREATE VIRTUAL TABLE term_frequencies USING fts5vocab ('chunk_terms', 'row');

CREATE TABLE vectors (
    id INTEGER PRIMARY KEY,
    text_hash TEXT NOT NULL UNIQUE,
    vector BLOB NOT NULL
) STRICT;

CREATE TABLE folders (
    path TEXT PRIMARY KEY,
    include TEXT NOT NULL,
    exclude TEXT NOT NULL
) STRICT;

CREATE TABLE jobs (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    state TEXT NOT NULL CHECK (state IN ('queued', 'running', 'done', 'failed', 'cancelled')),
    paths TEXT NOT NULL,
    force INTEGER NOT NULL,
    created_at REAL NOT NULL,
    started_at REAL,
    finished_at REAL,
    attempt INTEGER NOT NULL DEFAULT 0,
    error TEXT NOT NULL DEFAULT '',
    progress TEXT NOT NULL DEFAULT '{}'
) STRICT;

CREATE INDEX jobs_by_state ON jobs (state, id);
