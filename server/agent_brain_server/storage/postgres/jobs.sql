-- take_job_number --
UPDATE projects SET next_job = next_job + 1 WHERE project_id = :project RETURNING next_job - 1

-- insert_job --
INSERT INTO jobs (project_id, id, state, paths, force, created_at)
VALUES (:project, :id, 'queued', CAST(:paths AS jsonb), :force, :now)

-- lock_queue --
SELECT 1 FROM projects WHERE project_id = :project FOR UPDATE

-- select_newest_queued --
SELECT id, state, paths, force, created_at, started_at, finished_at, attempt, error, progress
FROM jobs WHERE project_id = :project AND state = 'queued' AND force = :force ORDER BY id DESC LIMIT 1

-- widen_job --
UPDATE jobs SET paths = CAST(:paths AS jsonb), force = :force
WHERE project_id = :project AND id = :id AND state = 'queued'
RETURNING id, state, paths, force, created_at, started_at, finished_at, attempt, error, progress

-- claim_job --
UPDATE jobs SET state = 'running', started_at = :now, attempt = attempt + 1
WHERE project_id = :project AND id = (
    SELECT id FROM jobs
    WHERE project_id = :project AND state = 'queued'
    ORDER BY id LIMIT 1
    FOR UPDATE SKIP LOCKED
)
RETURNING id, state, paths, force, created_at, started_at, finished_at, attempt, error, progress

-- save_progress --
UPDATE jobs SET progress = CAST(:progress AS jsonb)
WHERE project_id = :project AND id = :id AND state = 'running' AND attempt = coalesce(CAST(:attempt AS integer), attempt)

-- finish_job --
UPDATE jobs SET state = :state, error = :error, progress = CAST(:progress AS jsonb), finished_at = :now
WHERE project_id = :project AND id = :id AND state IN ('queued', 'running')
AND (CAST(:attempt AS integer) IS NULL OR (state = 'running' AND attempt = CAST(:attempt AS integer)))

-- forget_jobs --
DELETE FROM jobs
WHERE project_id = :project AND state NOT IN ('queued', 'running') AND id <= (
    SELECT id FROM jobs WHERE project_id = :project ORDER BY id DESC LIMIT 1 OFFSET :kept
)

-- requeue_running --
UPDATE jobs SET state = 'queued' WHERE project_id = :project AND state = 'running'

-- find_job --
SELECT id, state, paths, force, created_at, started_at, finished_at, attempt, error, progress
FROM jobs WHERE project_id = :project AND id = :id

-- list_jobs --
SELECT id, state, paths, force, created_at, started_at, finished_at, attempt, error, progress
FROM jobs WHERE project_id = :project AND (CAST(:before AS bigint) IS NULL OR id < :before) ORDER BY id DESC LIMIT :limit

-- list_unfinished --
SELECT id, state, paths, force, created_at, started_at, finished_at, attempt, error, progress
FROM jobs WHERE project_id = :project AND state IN ('queued', 'running') ORDER BY id
