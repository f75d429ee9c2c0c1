-- Only while a copy was unfinished was this table there; now every project has one, since a project's role makes no tables.
ALTER TABLE IF EXISTS agent_brain.copy_ledger RENAME TO unfinished_copies;

CREATE TABLE IF NOT EXISTS agent_brain.unfinished_copies (
    project_id TEXT COLLATE "C" NOT NULL,
    table_name TEXT NOT NULL,
    source TEXT NOT NULL,
    last_key TEXT NOT NULL DEFAULT 'null',
    rows BIGINT NOT NULL DEFAULT 0,
    PRIMARY KEY (project_id, table_name)
);

CREATE TABLE agent_brain.project_roles (
    project_id TEXT COLLATE "C" NOT NULL,
    role_name NAME NOT NULL,
    PRIMARY KEY (project_id, role_name)
);

CREATE FUNCTION agent_brain.owns() RETURNS BOOLEAN
LANGUAGE plpgsql IMMUTABLE SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    RETURN EXISTS (
        SELECT FROM pg_catalog.pg_class
        WHERE oid = to_regclass('agent_brain.projects') AND pg_has_role(current_user, relowner, 'MEMBER')
    );
END
$$;

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
$$;

CREATE FUNCTION agent_brain.own_project() RETURNS TEXT
LANGUAGE plpgsql IMMUTABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    RETURN (
        SELECT min(project_id) FROM agent_brain.project_roles
        WHERE role_name = coalesce(nullif(current_setting('role'), 'none'), session_user)
    );
END
$$;

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
$$;

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
$$;

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
$$;

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
$$;

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
$$;

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
$$;
