CREATE TABLE meta (
    id INTEGER PRIMARY KEY CHECK (id = 1),
    schema_version INTEGER NOT NULL,
    embedding_name TEXT NOT NULL DEFAULT '',
    embedding_dimensions INTEGER NOT NULL DEFAULT 0,
    embedding_tokenizer TEXT NOT NULL DEFAULT ''
);

CREATE TABLE projects (
    project_id TEXT COLLATE "C" PRIMARY KEY,
    instance TEXT NOT NULL,
    tokenizer_version TEXT NOT NULL,
    embedding_name TEXT NOT NULL,
    embedding_dimensions INTEGER NOT NULL,
    embedding_tokenizer TEXT NOT NULL,
    next_job BIGINT NOT NULL DEFAULT 1
);

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
);

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
);

CREATE INDEX files_by_folder ON files (project_id, folder);

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
);

CREATE INDEX chunks_by_file ON chunks (project_id, file_id);

CREATE INDEX chunks_by_language ON chunks (project_id, language, kind);

CREATE INDEX chunks_by_name ON chunks (project_id, name);

CREATE INDEX chunks_by_text ON chunks (project_id, text_hash, row);

CREATE TABLE chunk_terms (
    project_id TEXT COLLATE "C" NOT NULL,
    row BIGINT NOT NULL,
    length INTEGER NOT NULL,
    terms TSVECTOR NOT NULL,
    PRIMARY KEY (project_id, row)
);

CREATE INDEX chunk_terms_by_term ON chunk_terms USING gin (terms);

CREATE TABLE term_frequencies (
    project_id TEXT COLLATE "C" NOT NULL,
    lexeme TEXT COLLATE "C" NOT NULL,
    chunks BIGINT NOT NULL,
    PRIMARY KEY (project_id, lexeme)
) WITH (fillfactor = 80);

CREATE TABLE vectors (
    project_id TEXT COLLATE "C" NOT NULL,
    text_hash TEXT COLLATE "C" NOT NULL,
    vector VECTOR NOT NULL,
    PRIMARY KEY (project_id, text_hash)
);

CREATE TABLE folders (
    project_id TEXT COLLATE "C" NOT NULL,
    path TEXT COLLATE "C" NOT NULL,
    include JSONB NOT NULL,
    exclude JSONB NOT NULL,
    PRIMARY KEY (project_id, path)
);

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
);

CREATE INDEX jobs_by_state ON jobs (project_id, state, id);

INSERT INTO meta (id, schema_version) VALUES (1, 1);
