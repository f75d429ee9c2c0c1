The way out of one machine: every table is spread by `project_id` over a Citus cluster, all rows of a project on one node.
The foreign key is away meanwhile, since a table on one machine cannot refer to one that is spread. Row level security ends:
the nodes know nothing of the setting that its policies read.

-- find_citus --
SELECT EXISTS (SELECT 1 FROM pg_extension WHERE extname = 'citus')

-- list_distributed --
SELECT relname FROM pg_dist_partition JOIN pg_class ON pg_class.oid = logicalrelid
WHERE relnamespace = to_regnamespace('agent_brain')

-- drop_policies --
DO $$
DECLARE
    named NAME;
BEGIN
    FOR named IN SELECT relname FROM pg_class WHERE relnamespace = to_regnamespace('agent_brain') AND relkind = 'r' LOOP
        EXECUTE format('DROP POLICY IF EXISTS project ON agent_brain.%I', named);
        EXECUTE format('ALTER TABLE agent_brain.%I DISABLE ROW LEVEL SECURITY, NO FORCE ROW LEVEL SECURITY', named);
    END LOOP;
END
$$

-- drop_foreign_key --
ALTER TABLE chunks DROP CONSTRAINT IF EXISTS chunks_project_id_file_id_fkey

-- distribute_reference --
SELECT create_reference_table('agent_brain.meta')

-- distribute_first --
SELECT create_distributed_table('agent_brain.projects', 'project_id')

-- distribute_table --
SELECT create_distributed_table(CAST(CAST(:name AS text) AS regclass), 'project_id', colocate_with => 'agent_brain.projects')

-- add_foreign_key --
ALTER TABLE chunks ADD CONSTRAINT chunks_project_id_file_id_fkey
FOREIGN KEY (project_id, file_id) REFERENCES files (project_id, id)
