-- Of each source: matches that kicked off more than `late` seconds ago and have neither a score nor were called off or
-- withdrawn. Match reports are due within 24 hours and verified within 48 (SOURCES section 1), so two days are what a
-- league takes; and what has no score after two months gets none, and is left out. One without a kick-off is as late as
-- its day allows. Days that may come into question are found by the index on the date.
WITH behind AS (
    SELECT m.source, count(*) AS matches
      FROM touchline.matches AS m
     WHERE m.date BETWEEN current_date - %(days)s::int AND current_date
       AND m.status = 'scheduled' AND m.home_score IS NULL AND m.withdrawn_at IS NULL
       AND coalesce(m.kickoff, (m.date + 1)::timestamp AT TIME ZONE coalesce(m.timezone, 'UTC'))
           < now() - make_interval(secs => %(late)s)
     GROUP BY m.source
)
SELECT known.source, coalesce(behind.matches, 0) AS matches
  FROM (SELECT DISTINCT source FROM touchline.run_accounts UNION SELECT source FROM behind) AS known
  LEFT JOIN behind USING (source)
 ORDER BY known.source
 LIMIT %(limit)s;
