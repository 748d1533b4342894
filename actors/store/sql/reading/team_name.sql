-- What a team is called, by its id; several rows where several sources have one of that id.
SELECT source, name FROM touchline.team_labels
 WHERE team_key = %(team_id)s::text
   AND (%(source)s::text IS NULL OR source = %(source)s)
 ORDER BY source;
