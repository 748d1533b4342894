-- Takes the part's frontier alone, as a batch of another observation would: nobody stores anything of the part meanwhile.
SELECT observed_at FROM touchline.frontier WHERE source = %(source)s AND part = %(part)s
FOR UPDATE
