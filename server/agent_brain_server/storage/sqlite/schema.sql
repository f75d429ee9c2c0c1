The tables of one project's index. Every `create_` block is one statement; they run in this order in one transaction.

The graph has very many rows. So they lie in the order of their files, appended, without foreign keys; `graph_names` says which
files (its rowids) have a name, by hashes. An ordinary index on names would take several times as long to fill as all else of the graph.

-- create_meta --
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
) STRICT

-- create_files --
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
) STRICT

-- create_files_by_folder --
CREATE INDEX files_by_folder ON files (folder)

-- create_chunks --
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
) STRICT

-- create_chunks_by_file --
CREATE INDEX chunks_by_file ON chunks (file_id)

-- create_chunks_by_language --
CREATE INDEX chunks_by_language ON chunks (language, kind, file_id)

-- create_chunks_by_name --
CREATE INDEX chunks_by_name ON chunks (name, symbol)

-- create_chunks_by_text --
CREATE INDEX chunks_by_text ON chunks (text_hash)

-- create_chunk_terms --
CREATE VIRTUAL TABLE chunk_terms USING fts5 (symbol, path, documentation, body, content='', tokenize='ascii')

-- create_term_frequencies --
CREATE VIRTUAL TABLE term_frequencies USING fts5vocab ('chunk_terms', 'row')

-- create_symbols --
CREATE TABLE symbols (
    file_id INTEGER NOT NULL,
    ordinal INTEGER NOT NULL,
    symbol TEXT NOT NULL,
    key TEXT NOT NULL,
    kind TEXT NOT NULL,
    start_line INTEGER NOT NULL,
    end_line INTEGER NOT NULL,
    signature TEXT NOT NULL,
    PRIMARY KEY (file_id, key, ordinal)
) STRICT, WITHOUT ROWID

-- create_symbol_references --
CREATE TABLE symbol_references (
    file_id INTEGER NOT NULL,
    ordinal INTEGER NOT NULL,
    kind TEXT NOT NULL,
    name TEXT NOT NULL,
    qualifier TEXT NOT NULL,
    alias TEXT NOT NULL,
    scope TEXT NOT NULL,
    lines TEXT NOT NULL,
    PRIMARY KEY (file_id, name, ordinal)
) STRICT, WITHOUT ROWID

-- create_graph_names --
CREATE VIRTUAL TABLE graph_names USING fts5 (defined, referred, content='', columnsize=0, detail='column', tokenize='ascii')

-- create_vectors --
CREATE TABLE vectors (
    id INTEGER PRIMARY KEY,
    text_hash TEXT NOT NULL UNIQUE,
    vector BLOB NOT NULL
) STRICT

-- create_folders --
CREATE TABLE folders (
    path TEXT PRIMARY KEY,
    include TEXT NOT NULL,
    exclude TEXT NOT NULL
) STRICT

-- create_jobs --
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
) STRICT

-- create_jobs_by_state --
CREATE INDEX jobs_by_state ON jobs (state, id)

-- insert_meta --
INSERT INTO meta
    (id, schema_version, instance, tokenizer_version, embedding_name, embedding_dimensions, embedding_tokenizer)
VALUES
    (1, :schema_version, :instance, :tokenizer_version, :embedding_name, :embedding_dimensions, :embedding_tokenizer)

-- select_meta --
SELECT schema_version, instance, tokenizer_version, embedding_name, embedding_dimensions, embedding_tokenizer, generation
FROM meta

-- replace_meta --
UPDATE meta SET
    instance = :instance,
    tokenizer_version = :tokenizer_version,
    embedding_name = :embedding_name,
    embedding_dimensions = :embedding_dimensions,
    embedding_tokenizer = :embedding_tokenizer

-- advance_schema --
UPDATE meta SET schema_version = :schema_version, tokenizer_version = ''

-- find_content --
SELECT EXISTS (SELECT 1 FROM chunks), EXISTS (SELECT 1 FROM vectors)

-- count_tables --
SELECT count(*) FROM sqlite_schema

-- compare_last_rows --
SELECT (SELECT max(row) FROM chunks) IS (SELECT max(id) FROM chunk_terms_docsize)
   AND (SELECT min(row) FROM chunks) IS (SELECT min(id) FROM chunk_terms_docsize)
