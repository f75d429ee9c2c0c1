Roles that use one project each and own nothing. The statements about roles and privileges take names where nothing can be
bound: the `write_…` ones give their text, with every name quoted by the database. A password is never in one of them, only
the SCRAM verifier that the database keeps of it anyway.

-- find_role --
SELECT rolsuper OR rolbypassrls OR rolcreaterole OR rolcreatedb FROM pg_roles WHERE rolname = :role

-- may_create_roles --
SELECT rolsuper OR rolcreaterole FROM pg_roles WHERE rolname = current_user

-- is_guarded --
SELECT relrowsecurity AND relforcerowsecurity FROM pg_class WHERE oid = to_regclass('agent_brain.projects')

-- write_create_role --
SELECT format('CREATE ROLE %I NOLOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION NOBYPASSRLS', CAST(:role AS text))

-- write_login --
SELECT format('ALTER ROLE %I LOGIN PASSWORD %L', CAST(:role AS text), CAST(:verifier AS text))

-- write_no_login --
SELECT format('ALTER ROLE %I NOLOGIN PASSWORD NULL', CAST(:role AS text))

-- write_drop_role --
SELECT format('DROP ROLE %I', CAST(:role AS text))

-- bind_role --
INSERT INTO project_roles (project_id, role_name) VALUES (:project, CAST(CAST(:role AS text) AS name))
ON CONFLICT (project_id, role_name) DO NOTHING

-- release_role --
DELETE FROM project_roles WHERE project_id = :project AND role_name = CAST(CAST(:role AS text) AS name)

-- list_roles --
SELECT rolname FROM project_roles JOIN pg_roles ON rolname = role_name

-- write_grants --
SELECT format(privileges, CAST(:role AS text)) FROM unnest(ARRAY[
    'GRANT USAGE ON SCHEMA agent_brain TO %I',
    'GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA agent_brain TO %I',
    'GRANT SELECT ON agent_brain.meta TO %I',
    (
        SELECT 'GRANT SELECT, INSERT, UPDATE, DELETE ON ' || string_agg(format('agent_brain.%I', relname), ', ') || ' TO %I'
        FROM pg_class
        WHERE relnamespace = to_regnamespace('agent_brain') AND relkind = 'r' AND relname NOT IN ('meta', 'project_roles')
    )
]) AS privileges

-- write_connect --
SELECT format('GRANT CONNECT, TEMPORARY ON DATABASE %I TO %I', current_database(), CAST(:role AS text))
WHERE NOT (
    has_database_privilege(CAST(:role AS text), current_database(), 'CONNECT')
    AND has_database_privilege(CAST(:role AS text), current_database(), 'TEMPORARY')
)

-- write_revokes --
SELECT format(privileges, CAST(:role AS text)) FROM unnest(ARRAY[
    'REVOKE ALL ON ALL TABLES IN SCHEMA agent_brain FROM %I',
    'REVOKE ALL ON ALL FUNCTIONS IN SCHEMA agent_brain FROM %I',
    'REVOKE ALL ON SCHEMA agent_brain FROM %I',
    format('REVOKE ALL ON DATABASE %I FROM %%I', current_database())
]) AS privileges

-- end_sessions --
SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = CAST(CAST(:role AS text) AS name)
