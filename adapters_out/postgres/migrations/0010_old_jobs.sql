-- Finished jobs are forgotten after a while; this is where the oldest are found.
CREATE INDEX jobs_finished ON jobs (finished_at) WHERE finished_at IS NOT NULL;
