-- insert_job --
INSERT INTO jobs (state, paths, force, created_at) VALUES ('queued', :paths, :force, :now)

-- select_newest_queued --
SELECT id, state, paths, force, created_at, started_at, finished_at, attempt, error, progress
FROM jobs WHERE state = 'queued' AND force = :force ORDER BY id DESC LIMIT 1

-- select_oldest_queued --
SELECT id FROM jobs WHERE state = 'queued' ORDER BY id LIMIT 1

-- widen_job --
UPDATE jobs SET paths = :paths, force = :force WHERE id = :id AND state = 'queued'

-- claim_job --
UPDATE jobs SET state = 'running', started_at = :now, attempt = attempt + 1 WHERE id = :id

-- save_progress --
UPDATE jobs SET progress = :progress
WHERE id = :id AND state = 'running' AND attempt = coalesce(:attempt, attempt)

-- finish_job --
UPDATE jobs SET state = :state, error = :error, progress = :progress, finished_at = :now
WHERE id = :id AND state IN ('queued', 'running')
AND (:attempt IS NULL OR (state = 'running' AND attempt = :attempt))

-- forget_jobs --
DELETE FROM jobs
WHERE state NOT IN ('queued', 'running')
AND id <= (SELECT id FROM jobs ORDER BY id DESC LIMIT 1 OFFSET :kept)

-- requeue_running --
UPDATE jobs SET state = 'queued' WHERE state = 'running'

-- find_job --
SELECT id, state, paths, force, created_at, started_at, finished_at, attempt, error, progress
FROM jobs WHERE id = :id

-- list_unfinished --
SELECT id, state, paths, force, created_at, started_at, finished_at, attempt, error, progress
FROM jobs WHERE state IN ('queued', 'running') ORDER BY id

-- list_jobs --
SELECT id, state, paths, force, created_at, started_at, finished_at, attempt, error, progress
FROM jobs WHERE :before IS NULL OR id < :before ORDER BY id DESC LIMIT :limit
