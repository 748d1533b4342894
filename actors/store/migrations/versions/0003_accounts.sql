-- Accounts that notice what is missing, and stay exact where a part is read more than once.

ALTER TABLE touchline.run_accounts
    -- rows that arrived and that no part's last word counts: an earlier reading of the part sent them, or it never ended
    ADD COLUMN extra integer NOT NULL DEFAULT 0,
    -- whether the state was given because nothing was heard of the run; whatever is heard of it then takes that back
    ADD COLUMN judged boolean NOT NULL DEFAULT false;
-- the few that may have to be judged; not by last_sign_at, which changes with each message and would cost an index entry
CREATE INDEX run_accounts_running ON touchline.run_accounts (started_at) WHERE state = 'running';

ALTER TABLE touchline.run_parts
    -- the messages that carried what the part found, {id: rows}; NULL where it did not name them
    ADD COLUMN messages jsonb,
    -- nothing failed: somebody stopped the run
    ADD COLUMN interrupted boolean NOT NULL DEFAULT false;

CREATE OR REPLACE VIEW public.runs AS
SELECT run.run_id, run.source, run.params, run.trigger, run.scheduled_for, run.started_at, run.finished_at, run.state,
       (SELECT coalesce(sum(part.found), 0)::integer FROM touchline.run_parts AS part WHERE part.run_id = run.run_id)
           + run.extra AS found,
       run.inserted, run.updated, run.unchanged, run.stale, run.dead, run.error
FROM touchline.run_accounts AS run;

COMMENT ON COLUMN public.runs.found IS 'Matches that were sent: as the parts that ended reported them, and those that arrived of readings that did not end.';
COMMENT ON COLUMN public.runs.state IS 'running, succeeded, suspect (nothing was found, or not everything that was sent arrived), failed or interrupted (stopped, or its process died).';
COMMENT ON COLUMN public.runs.finished_at IS 'When the last of its matches was accounted for, or it was given up; null while it runs.';
COMMENT ON COLUMN public.runs.error IS 'Why it is suspect, failed or interrupted, or what else a person should know of it, in a sentence.';
