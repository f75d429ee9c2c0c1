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
);

CREATE INDEX symbols_by_file ON symbols (project_id, file_id);

CREATE INDEX symbols_by_key ON symbols (project_id, key);

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
);

CREATE INDEX symbol_references_by_file ON symbol_references (project_id, file_id);

CREATE INDEX symbol_references_by_name ON symbol_references (project_id, name);

-- What the files of a project add to the new tables is not known: it is emptied, and indexed again, when it is next opened.
UPDATE projects SET tokenizer_version = '';
