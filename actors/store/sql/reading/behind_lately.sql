-- Of each source: the matches that kicked off two to five days ago and have neither a score nor were called off or
-- withdrawn. That is what a league is late with lately, and what grows by a few a week where all is well. They are found
-- first, by the date: read for the order of sources, every match would be looked at.
WITH late AS MATERIALIZED (
    SELECT source
      FROM public.match_list
     WHERE date BETWEEN current_date - 6 AND current_date
       AND status = 'scheduled' AND home_score IS NULL AND withdrawn_at IS NULL
       AND coalesce(kickoff, (date + 1)::timestamp AT TIME ZONE coalesce(timezone, 'UTC'))
           BETWEEN now() - interval '5 days' AND now() - interval '2 days'
)
SELECT source, count(*) AS matches
  FROM late
 GROUP BY source
 ORDER BY source;
