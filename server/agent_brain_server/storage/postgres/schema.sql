The tables of all projects of one database, in the schema `agent_brain`. Every `create_` block is one statement; they run
in this order in one transaction, under an advisory lock. `project_id` leads every key, so that no statement ever needs more
than one project's rows and the tables can be distributed by it. The column `vectors.vector` gets its length from the first
embedding model; the index on it is made by `settle`, when there are enough vectors for it.

The graph has very many rows, which are loaded faster, and take half as much room, without a foreign key and with no unique index:
equal entries of an ordinary one are kept together. An ordinal counts in its file, whose rows come and go together.

-- create_meta --
CREATE TABLE meta (
    id INTEGER PRIMARY KEY CHECK (id = 1),
    schema_version INTEGER NOT NULL,
    embedding_name TEXT NOT NULL DEFAULT '',
    embedding_dimensions INTEGER NOT NULL DEFAULT 0,
    embedding_tokenizer TEXT NOT NULL DEFAULT ''
)

-- create_projects --
CREATE TABLE projects (
    project_id TEXT COLLATE "C" PRIMARY KEY,
    instance TEXT NOT NULL,
    tokenizer_version TEXT NOT NULL,
    embedding_name TEXT NOT NULL,
    embedding_dimensions INTEGER NOT NULL,
    embedding_tokenizer TEXT NOT NULL,
    next_job BIGINT NOT NULL DEFAULT 1
)

-- create_index_state --
CREATE TABLE index_state (
    project_id TEXT COLLATE "C" PRIMARY KEY,
    generation BIGINT NOT NULL DEFAULT 0,
    next_row BIGINT NOT NULL DEFAULT 1,
    next_file BIGINT NOT NULL DEFAULT 1,
    embedded_texts BIGINT NOT NULL DEFAULT 0,
    chunks BIGINT NOT NULL DEFAULT 0,
    terms BIGINT NOT NULL DEFAULT 0,
    vectors BIGINT NOT NULL DEFAULT 0,
    writer TEXT,
    writer_until TIMESTAMPTZ
)

-- create_files --
CREATE TABLE files (
    project_id TEXT COLLATE "C" NOT NULL,
    id BIGINT NOT NULL,
    path TEXT COLLATE "C" NOT NULL,
    folder TEXT COLLATE "C" NOT NULL,
    content_hash TEXT NOT NULL,
    size BIGINT NOT NULL,
    mtime_ns BIGINT NOT NULL,
    language TEXT NOT NULL,
    chunk_count INTEGER NOT NULL,
    note TEXT NOT NULL,
    indexed_at DOUBLE PRECISION NOT NULL,
    PRIMARY KEY (project_id, id),
    UNIQUE (project_id, path)
)

-- create_files_by_folder --
CREATE INDEX files_by_folder ON files (project_id, folder)

-- create_chunks --
CREATE TABLE chunks (
    project_id TEXT COLLATE "C" NOT NULL,
    row BIGINT NOT NULL,
    chunk_id TEXT COLLATE "C" NOT NULL,
    file_id BIGINT NOT NULL,
    start_line INTEGER NOT NULL,
    end_line INTEGER NOT NULL,
    language TEXT COLLATE "C" NOT NULL,
    kind TEXT COLLATE "C" NOT NULL,
    symbol TEXT COLLATE "C" NOT NULL,
    name TEXT COLLATE "C" NOT NULL,
    text_hash TEXT COLLATE "C" NOT NULL,
    signature TEXT NOT NULL,
    documentation TEXT NOT NULL,
    text TEXT NOT NULL,
    PRIMARY KEY (project_id, row),
    UNIQUE (project_id, chunk_id),
    FOREIGN KEY (project_id, file_id) REFERENCES files (project_id, id)
)

-- create_chunks_by_file --
CREATE INDEX chunks_by_file ON chunks (project_id, file_id)

-- create_chunks_by_language --
CREATE INDEX chunks_by_language ON chunks (project_id, language, kind)

-- create_chunks_by_name --
CREATE INDEX chunks_by_name ON chunks (project_id, name)

-- create_chunks_by_text --
CREATE INDEX chunks_by_text ON chunks (project_id, text_hash, row)

-- create_chunk_terms --
CREATE TABLE chunk_terms (
    project_id TEXT COLLATE "C" NOT NULL,
    row BIGINT NOT NULL,
    length INTEGER NOT NULL,
    terms TSVECTOR NOT NULL,
    PRIMARY KEY (project_id, row)
)

-- create_chunk_terms_by_term --
CREATE INDEX chunk_terms_by_term ON chunk_terms USING gin (terms)

-- create_term_frequencies --
CREATE TABLE term_frequencies (
    project_id TEXT COLLATE "C" NOT NULL,
    lexeme TEXT COLLATE "C" NOT NULL,
    chunks BIGINT NOT NULL,
    PRIMARY KEY (project_id, lexeme)
) WITH (fillfactor = 80)

-- create_symbols --
CREATE TABLE symbols (
    project_id TEXT COLLATE "C" NOT NULL,
    file_id BIGINT NOT NULL,
    ordinal INTEGER NOT NULL,
    symbol TEXT COLLATE "C" NOT NULL,
    key TEXT COLLATE "C" NOT NULL,
    kind TEXT NOT NULL,
    start_line INTEGER NOT NULL,
    end_line INTEGER NOT NULL,
    signature TEXT NOT NULL
)

-- create_symbols_by_file --
CREATE INDEX symbols_by_file ON symbols (project_id, file_id)

-- create_symbols_by_key --
CREATE INDEX symbols_by_key ON symbols (project_id, key)

-- create_symbol_references --
CREATE TABLE symbol_references (
    project_id TEXT COLLATE "C" NOT NULL,
    file_id BIGINT NOT NULL,
    ordinal INTEGER NOT NULL,
    kind TEXT NOT NULL,
    name TEXT COLLATE "C" NOT NULL,
    qualifier TEXT COLLATE "C" NOT NULL,
    alias TEXT NOT NULL,
    scope TEXT NOT NULL,
    lines INTEGER[] NOT NULL
)

-- create_symbol_references_by_file --
CREATE INDEX symbol_references_by_file ON symbol_references (project_id, file_id)

-- create_symbol_references_by_name --
CREATE INDEX symbol_references_by_name ON symbol_references (project_id, name)

-- create_vectors --
CREATE TABLE vectors (
    project_id TEXT COLLATE "C" NOT NULL,
    text_hash TEXT COLLATE "C" NOT NULL,
    vector VECTOR NOT NULL,
    PRIMARY KEY (project_id, text_hash)
)

-- create_folders --
CREATE TABLE folders (
    project_id TEXT COLLATE "C" NOT NULL,
    path TEXT COLLATE "C" NOT NULL,
    include JSONB NOT NULL,
    exclude JSONB NOT NULL,
    PRIMARY KEY (project_id, path)
)

-- create_jobs --
CREATE TABLE jobs (
    project_id TEXT COLLATE "C" NOT NULL,
    id BIGINT NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('queued', 'running', 'done', 'failed', 'cancelled')),
    paths JSONB NOT NULL,
    force BOOLEAN NOT NULL,
    created_at DOUBLE PRECISION NOT NULL,
    started_at DOUBLE PRECISION,
    finished_at DOUBLE PRECISION,
    attempt INTEGER NOT NULL DEFAULT 0,
    error TEXT NOT NULL DEFAULT '',
    progress JSONB NOT NULL DEFAULT '{}',
    PRIMARY KEY (project_id, id)
)

-- create_jobs_by_state --
CREATE INDEX jobs_by_state ON jobs (project_id, state, id)

-- insert_meta --
INSERT INTO meta (id, schema_version) VALUES (1, :schema_version)

-- select_meta --
SELECT schema_version, embedding_name, embedding_dimensions, embedding_tokenizer FROM meta

-- adopt_meta --
UPDATE meta SET
    embedding_name = :embedding_name,
    embedding_dimensions = :embedding_dimensions,
    embedding_tokenizer = :embedding_tokenizer

-- advance_schema --
UPDATE meta SET schema_version = :schema_version

-- insert_project --
INSERT INTO projects
    (project_id, instance, tokenizer_version, embedding_name, embedding_dimensions, embedding_tokenizer)
VALUES
    (:project, :instance, :tokenizer_version, :embedding_name, :embedding_dimensions, :embedding_tokenizer)

-- insert_index_state --
INSERT INTO index_state (project_id) VALUES (:project)

-- select_project --
SELECT instance, tokenizer_version, embedding_name, embedding_dimensions, embedding_tokenizer
FROM projects WHERE project_id = :project

-- adopt_project --
UPDATE projects SET
    instance = :instance,
    tokenizer_version = :tokenizer_version,
    embedding_name = :embedding_name,
    embedding_dimensions = :embedding_dimensions,
    embedding_tokenizer = :embedding_tokenizer
WHERE project_id = :project

-- find_content --
SELECT
    EXISTS (SELECT 1 FROM chunks WHERE project_id = :project),
    EXISTS (SELECT 1 FROM vectors WHERE project_id = :project)

-- find_vectors_of_others --
SELECT EXISTS (SELECT 1 FROM vectors WHERE project_id <> :project)

-- drop_vector_index --
DROP INDEX IF EXISTS vectors_by_distance

-- size_vector_column --
ALTER TABLE vectors ALTER COLUMN vector TYPE VECTOR({dimensions})

-- count_tables --
SELECT count(*) FROM information_schema.tables WHERE table_schema = 'agent_brain'

-- lock_schema --
SELECT pg_advisory_xact_lock(hashtextextended('agent_brain schema', 0))

-- create_namespace --
CREATE SCHEMA IF NOT EXISTS agent_brain

-- find_namespace --
SELECT EXISTS (SELECT 1 FROM pg_namespace WHERE nspname = 'agent_brain')

-- create_extension --
CREATE EXTENSION IF NOT EXISTS vector WITH SCHEMA public

-- find_extension --
SELECT extversion, nspname FROM pg_extension JOIN pg_namespace ON pg_namespace.oid = extnamespace
WHERE extname = 'vector'

-- find_server_version --
SELECT current_setting('server_version_num')::integer

-- enter_namespace --
SELECT nspname, set_config(
    'search_path', concat_ws(', ', 'agent_brain', nullif(current_setting('search_path'), ''), quote_ident(nspname)), FALSE
)
FROM (
    SELECT (
        SELECT nspname FROM pg_extension JOIN pg_namespace ON pg_namespace.oid = extnamespace WHERE extname = 'vector'
    ) AS nspname
) AS extension
