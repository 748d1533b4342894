-- A word that is another one as soon as there is something else to be seen: of the runs that are under way and the last
-- thirty, of open dead letters, slots and changes. By indexes alone, so that it can be asked every few seconds.
SELECT md5(concat_ws('|',
    (SELECT string_agg(concat_ws(',', run_id, state, found, inserted, updated, unchanged, stale, dead), ';'
                       ORDER BY started_at, run_id)
       FROM (SELECT * FROM (SELECT * FROM public.runs ORDER BY started_at DESC LIMIT 30) AS newest
             UNION
             SELECT * FROM (SELECT * FROM public.runs WHERE state = 'running' ORDER BY started_at DESC LIMIT 30) AS going
            ) AS shown),
    (SELECT concat_ws(',', count(*), max(died_at)) FROM public.dead_letters WHERE state = 'open'),
    (SELECT string_agg(concat_ws(',', schedule, due_at, state), ';' ORDER BY due_at, schedule)
       FROM (SELECT * FROM touchline.slot_states ORDER BY due_at DESC LIMIT 20) AS slots),
    (SELECT max(changed_at) FROM public.match_changes))) AS version;
