-- Of each source and scope the last run that ended, where it was no good. What nobody has asked for again in a fortnight
-- is nobody's trouble any more; what was read again from kept documents says nothing of the site.
SELECT * FROM (
    SELECT DISTINCT ON (source, params - 'full')
           run_id, source, params, started_at, state, error, found, inserted, updated, unchanged, stale, dead
      FROM public.runs
     WHERE state <> 'running' AND started_at > now() - interval '14 days' AND NOT params ? 'reparse'
     ORDER BY source, params - 'full', started_at DESC) AS newest
 WHERE state IN ('suspect', 'failed')
 ORDER BY started_at DESC;
