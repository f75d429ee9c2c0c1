-- list_folders --
SELECT path, include, exclude FROM folders WHERE project_id = :project ORDER BY path

-- save_folder --
INSERT INTO folders (project_id, path, include, exclude)
VALUES (:project, :path, CAST(:include AS jsonb), CAST(:exclude AS jsonb))
ON CONFLICT (project_id, path) DO UPDATE SET include = excluded.include, exclude = excluded.exclude

-- remove_folder --
DELETE FROM folders WHERE project_id = :project AND path = :path

-- bequeath_files --
UPDATE files SET folder = :heir WHERE project_id = :project AND folder = :folder

-- count_folders --
SELECT folder, count(*), sum(chunk_count) FROM files WHERE project_id = :project GROUP BY folder

-- select_paths_of_folder --
SELECT path FROM files WHERE project_id = :project AND folder = :folder
