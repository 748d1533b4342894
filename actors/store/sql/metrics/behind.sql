-- Of each source that has matches in the time that is looked at: those that kicked off more than `late` seconds ago and
-- have neither a score nor were called off or withdrawn. Match reports are due within 24 hours and verified within 48
-- (SOURCES section 1), so two days are what a league takes; and what has no score after a month gets none, and is left
-- out. One without a kick-off is as late as its day allows. The days are found by the index on the date.
SELECT source, count(*) FILTER (
           WHERE status = 'scheduled' AND home_score IS NULL AND withdrawn_at IS NULL
             AND coalesce(kickoff, (date + 1)::timestamp AT TIME ZONE coalesce(timezone, 'UTC'))
                 < now() - make_interval(secs => %(late)s)) AS matches
  FROM public.match_list
 WHERE date BETWEEN current_date - %(days)s::int AND current_date
 GROUP BY source
 ORDER BY source
 LIMIT %(limit)s;
