-- The sources that have a match of this number.
SELECT source FROM public.match_list WHERE match_id = %(match_id)s ORDER BY source
