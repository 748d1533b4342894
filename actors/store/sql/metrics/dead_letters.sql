-- Open dead letters by kind and reason, the most frequent first, and when the oldest of them died.
SELECT kind, reason, count(*) AS letters, extract(epoch FROM min(died_at))::float8 AS oldest
  FROM public.dead_letters
 WHERE state = 'open'
 GROUP BY kind, reason
 ORDER BY letters DESC, kind, reason;
