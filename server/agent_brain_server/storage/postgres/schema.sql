The tables of all projects of one database, in the schema `agent_brain`. Every `create_` block is one statement; they run
in this order in one transaction, under an advisory lock. `project_id` leads every key, so that no statement ever needs more
than one project's rows and the tables can be distributed by it. The column `vectors.vector` gets its length from the first
embedding model; the index on it is made by `optimize`, when there are enough vectors for it.

The graph has very many rows, which are loaded faster, and take half as much room, without a foreign key and with no unique index:
equal entries of an ordinary one are kept together. An ordinal counts in its file, whose rows come and go together.

Row level security is on, and forced, for every table: the policy `project` shows the rows of the project that the setting
`agent_brain.project_id` names, to a role that owns nothing only if `project_roles` lists it for that project too.

`owns`, `sees_all` and `own_project` are declared IMMUTABLE although they depend on the role, so that they are known when a statement
is planned. A plan with policies is made for the role that runs it, and made again for another one. So the conditions of the policy are
plain comparisons with constants: they cost nothing, an index can take them, and nothing that EXPLAIN ANALYZE shows depends on the rows
of others. `sees_all` is for the owner alone, where it sets `agent_brain.all_projects`: to migrate, and inside of its functions. No
condition is left then: an operator that is not leakproof, as `@@`, uses an index only where no policy comes before it.

A function that is SECURITY DEFINER runs as the owner, whom any setting may name a project: each asks `current_project` first, which
looks at the role that calls.

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

-- create_unfinished_copies --
CREATE TABLE agent_brain.unfinished_copies (
    project_id TEXT COLLATE "C" NOT NULL,
    table_name TEXT NOT NULL,
    source TEXT NOT NULL,
    last_key TEXT NOT NULL DEFAULT 'null',
    rows BIGINT NOT NULL DEFAULT 0,
    PRIMARY KEY (project_id, table_name)
)

-- create_project_roles --
CREATE TABLE agent_brain.project_roles (
    project_id TEXT COLLATE "C" NOT NULL,
    role_name NAME NOT NULL,
    PRIMARY KEY (project_id, role_name)
)

-- create_function_owns --
CREATE FUNCTION agent_brain.owns() RETURNS BOOLEAN
LANGUAGE plpgsql IMMUTABLE SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    RETURN EXISTS (
        SELECT FROM pg_catalog.pg_class
        WHERE oid = to_regclass('agent_brain.projects') AND pg_has_role(current_user, relowner, 'MEMBER')
    );
END
$$

-- create_function_sees_all --
CREATE FUNCTION agent_brain.sees_all() RETURNS BOOLEAN
LANGUAGE plpgsql IMMUTABLE SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    -- Not by `owns`, which a session would remember here from one role to the next.
    RETURN current_setting('agent_brain.all_projects', TRUE) IS NOT DISTINCT FROM 'on' AND EXISTS (
        SELECT FROM pg_catalog.pg_class
        WHERE oid = to_regclass('agent_brain.projects') AND pg_has_role(current_user, relowner, 'MEMBER')
    );
END
$$

-- create_function_own_project --
CREATE FUNCTION agent_brain.own_project() RETURNS TEXT
LANGUAGE plpgsql IMMUTABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    RETURN (
        SELECT min(project_id) FROM agent_brain.project_roles
        WHERE role_name = coalesce(nullif(current_setting('role'), 'none'), session_user)
    );
END
$$

-- create_function_current_project --
CREATE FUNCTION agent_brain.current_project() RETURNS TEXT
LANGUAGE plpgsql STABLE PARALLEL RESTRICTED SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    asked CONSTANT TEXT := current_setting('agent_brain.project_id', TRUE);
    -- Not current_user, which is the owner here, nor session_user alone, which SET ROLE leaves as it is.
    caller CONSTANT NAME := coalesce(nullif(current_setting('role'), 'none'), session_user);
BEGIN
    IF pg_has_role(caller, current_user, 'MEMBER') OR EXISTS (
        SELECT FROM agent_brain.project_roles WHERE project_id = asked AND role_name = caller
    ) THEN
        RETURN asked;
    END IF;
    RETURN NULL;
END
$$

-- create_function_match_terms --
CREATE FUNCTION agent_brain.match_terms(project TEXT, query TSQUERY)
RETURNS TABLE ("row" BIGINT, length INTEGER, terms TSVECTOR)
LANGUAGE plpgsql STABLE PARALLEL RESTRICTED SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
SET plan_cache_mode = 'force_generic_plan'
SET work_mem = '32MB'
AS $$
BEGIN
    IF project = agent_brain.current_project() THEN
        PERFORM set_config('agent_brain.all_projects', 'on', TRUE);
        RETURN QUERY
            SELECT t.row, t.length, t.terms FROM agent_brain.chunk_terms AS t
            WHERE t.project_id = project AND t.terms @@ query;
        PERFORM set_config('agent_brain.all_projects', 'off', TRUE);
    END IF;
END
$$

-- create_function_adopt_model --
CREATE FUNCTION agent_brain.adopt_model(name TEXT, dimensions INTEGER, tokenizer TEXT) RETURNS TEXT
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    project CONSTANT TEXT := agent_brain.current_project();
    place CONSTANT TEXT := (
        SELECT quote_ident(nspname) FROM pg_extension JOIN pg_namespace ON pg_namespace.oid = extnamespace
        WHERE extname = 'vector'
    );
    holder TEXT;
BEGIN
    PERFORM set_config('agent_brain.all_projects', 'on', TRUE);
    holder := CASE
        WHEN EXISTS (SELECT FROM agent_brain.vectors WHERE project_id IS DISTINCT FROM project) THEN 'others'
        WHEN EXISTS (SELECT FROM agent_brain.vectors WHERE project_id = project) THEN 'own'
    END;
    PERFORM set_config('agent_brain.all_projects', 'off', TRUE);
    IF holder IS NULL AND project IS NOT NULL THEN
        IF dimensions IS DISTINCT FROM (SELECT embedding_dimensions FROM agent_brain.meta) THEN
            DROP INDEX IF EXISTS agent_brain.vectors_by_distance;
            EXECUTE format('ALTER TABLE agent_brain.vectors ALTER COLUMN vector TYPE %s.vector(%s)', place, dimensions);
        END IF;
        UPDATE agent_brain.meta SET embedding_name = name, embedding_dimensions = dimensions, embedding_tokenizer = tokenizer;
    END IF;
    RETURN holder;
END
$$

-- create_function_refresh_statistics --
CREATE FUNCTION agent_brain.refresh_statistics() RETURNS VOID
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    IF agent_brain.current_project() IS NOT NULL THEN
        PERFORM gin_clean_pending_list('agent_brain.chunk_terms_by_term');
        ANALYZE agent_brain.chunks, agent_brain.chunk_terms, agent_brain.files, agent_brain.symbols,
            agent_brain.symbol_references, agent_brain.vectors;
    END IF;
END
$$

-- create_function_index_vectors --
CREATE FUNCTION agent_brain.index_vectors(most_exact BIGINT, dimensions INTEGER, m INTEGER, ef_construction INTEGER) RETURNS VOID
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    place CONSTANT TEXT := (
        SELECT quote_ident(nspname) FROM pg_extension JOIN pg_namespace ON pg_namespace.oid = extnamespace
        WHERE extname = 'vector'
    );
    expression CONSTANT TEXT := CASE
        WHEN dimensions IS NULL THEN format('vector %s.vector_cosine_ops', place)
        ELSE format('CAST(vector AS %s.halfvec(%s)) %s.halfvec_cosine_ops', place, dimensions, place)
    END;
BEGIN
    IF NOT EXISTS (
        SELECT FROM agent_brain.index_state WHERE project_id = agent_brain.current_project() AND vectors > most_exact
    ) OR EXISTS (
        SELECT FROM pg_index WHERE indexrelid = to_regclass('agent_brain.vectors_by_distance') AND indisvalid
    ) THEN
        RETURN;
    END IF;
    DROP INDEX IF EXISTS agent_brain.vectors_by_distance;
    EXECUTE format(
        'CREATE INDEX vectors_by_distance ON agent_brain.vectors USING hnsw (%s) WITH (m = %s, ef_construction = %s)',
        expression, m, ef_construction
    );
END
$$

-- create_policies --
DO $$
DECLARE
    named NAME;
    condition TEXT;
    spread BOOLEAN := FALSE;
BEGIN
    IF EXISTS (SELECT FROM pg_extension WHERE extname = 'citus') THEN
        EXECUTE 'SELECT EXISTS (SELECT FROM pg_dist_partition WHERE logicalrelid = to_regclass(''agent_brain.projects''))'
            INTO spread;
    END IF;
    IF spread THEN
        RETURN;  -- see distribute.sql
    END IF;
    FOR named IN SELECT relname FROM pg_class WHERE relnamespace = to_regnamespace('agent_brain') AND relkind = 'r' LOOP
        condition := CASE named
            WHEN 'meta' THEN 'TRUE'
            WHEN 'project_roles' THEN
                'agent_brain.sees_all() OR project_id = current_setting(''agent_brain.project_id'', TRUE)'
                ' OR role_name = coalesce(nullif(current_setting(''role''), ''none''), session_user)'
            ELSE
                'agent_brain.sees_all() OR project_id = current_setting(''agent_brain.project_id'', TRUE)'
                ' AND (agent_brain.owns() OR project_id = agent_brain.own_project())'
        END;
        EXECUTE format('ALTER TABLE agent_brain.%I ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY', named);
        EXECUTE format('CREATE POLICY project ON agent_brain.%I USING (%s)', named, condition);
    END LOOP;
END
$$

-- insert_meta --
INSERT INTO meta (id, schema_version) VALUES (1, :schema_version)

-- select_meta --
SELECT schema_version, embedding_name, embedding_dimensions, embedding_tokenizer FROM meta

-- replace_model --
SELECT adopt_model(:embedding_name, :embedding_dimensions, :embedding_tokenizer)

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

-- replace_project --
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

-- drop_vector_index --
DROP INDEX IF EXISTS vectors_by_distance

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

-- find_owner --
SELECT pg_has_role(relowner, 'USAGE'), pg_get_userbyid(relowner) FROM pg_class WHERE oid = to_regclass('agent_brain.projects')

-- may_use_project --
SELECT agent_brain.current_project() IS NOT NULL

-- see_all_projects --
SELECT set_config('agent_brain.all_projects', :seen, TRUE)

-- enter_namespace --
SELECT
    set_config(
        'search_path', concat_ws(', ', 'agent_brain', nullif(current_setting('search_path'), ''), quote_ident(nspname)), FALSE
    ),
    set_config('agent_brain.project_id', CAST(:project AS text), FALSE),
    pg_type.oid,
    pg_type.typarray
FROM (
    SELECT (
        SELECT extnamespace FROM pg_extension WHERE extname = 'vector'
    ) AS namespace
) AS extension
LEFT JOIN pg_namespace ON pg_namespace.oid = namespace
LEFT JOIN pg_type ON pg_type.typnamespace = namespace AND typname = 'vector'
