-- list_folders --
SELECT path, include, exclude FROM folders ORDER BY path

-- save_folder --
INSERT INTO folders (path, include, exclude) VALUES (:path, :include, :exclude)
ON CONFLICT (path) DO UPDATE SET include = excluded.include, exclude = excluded.exclude

-- remove_folder --
DELETE FROM folders WHERE path = :path

-- bequeath_files --
UPDATE files SET folder = :heir WHERE folder = :folder

-- count_folders --
SELECT folder, count(*), sum(chunk_count) FROM files GROUP BY folder

-- select_paths_of_folder --
SELECT path FROM files WHERE folder = :folder
