"""The words that clubs and venues are named from. Towns are invented; what bites in real names is all here.

Accents, apostrophes straight and curly, ampersands, slashes, hashes, commas, quotes, a backslash and a stray blank at
the end: SOURCES.md, section 1.11.
"""

from __future__ import annotations

from dataclasses import dataclass
from random import Random

from touchline.demo.chance import dice

_TOWNS = """
Quillhaven|Marrowick|Tansy Bluff|Oxbow Landing|Saltmere|Fennimoor|Cobalt Springs|Thistledown|Pellbrook|Wrenfield
Candlewick Bay|Dunmarrow|Ember Falls|Garnet Hollow|Hazelmont|Inkwell Creek|Juniper Reach|Kestrel Point|Lanternville
Mossbridge|Nettlecombe|Orchard Mills|Pinwheel|Quarrytown|Rookhaven|Silverbeck|Tamarack Cove|Umberland|Vesper Hills
Willowmarsh|Yarrow Junction|Zephyr Glen|Amberley Cross|Brackenfold|Copperline|Driftwood|Eldermoor|Foxglove Heights
Gullwing Harbor|Hartsmeadow|Ironbark|Jackdaw Ridge|Kettle Rapids|Lindenbrook|Millrace|Northwillow|Osprey Narrows
Plumtree Valley|Redfern Flats|Sagewater|Turnstone|Upper Larkin|Velvet Canyon|Whistler's Ford|Ashgrove Point|Bellwether
Cinder Mesa|Dovecote|Evenlode|Fiddlehead|Graywater|Honeylocust|Indigo Lake|Jasper Hollow|Kingfisher Quay|Low Meadow
Mayapple|Ninebark|Otterburn Lakes|Partridge Run|Quailwood|Ridgeline|Sunder Bay|Teaselton|Underhill|Vinterra
Waxwing|Yellowroot|Alderwick|Buttonbush|Clearwick|Dapplewood|Elmsmere|Fallowfield|Goldenrod|Heronsgate|Isinglass
Larkmoor|Merrow Island|Nightjar|Owlcroft|Pebble Strand|Quince Hill|Rushlight|Starling Grove|Tideway|Violet Sands
Wickerford|Bluestem|Chestnut Ferry|Damson Rise|Everbright|Firethorn|Granite Notch|Hollybank|Ivory Pass|Lavender Mesa
Mistral Plains|Nutmeg Hollow|Opal Ridge|Peregrine Lake|Ravensdown|Sorrel Crossing|Thunder Basin|Wild Plum|Coral Gate
"""

_PATTERNS = (
    "{} FC",
    "{} SC",
    "{} United",
    "{} Soccer Academy",
    "FC {}",
    "{} Rovers",
    "{} Athletic",
    "AC {}",
    "Sporting {}",
    "{} City SC",
    "{} Youth Soccer",
    "{} Rangers",
    "{} Football Club",
    "Inter {}",
)

#: Whole names, spread over the regions in this order: each of these has broken somebody's program.
_AWKWARD = (
    "O'Bannion's Athletic",
    "Atlético Río Almendra",
    "Finch & Harrow SC",
    "Académie Côte-Neuve",
    "St. Brendán’s Youth SC",
    "Peñasco Verde FC",
    "São Bentinho Soccer",
    "Heron & Pike United",
    "D'Aubrac Valley FC",
    "Ñandú Deportivo",
    "1871 Lanternmen FC",
    "Łąka Polonia SC",
    "Smörland IF",
    "Vallée-des-Ormes SC",
    "Kings/Queens of Merrow",
    "Tømmerhavn United",
    "Real Montañosa",
    "Alma Mater F.C. (Boys)",
    "Zürn & Söhne SV",
    "Club Unión Güiro",
    "The Saltmarsh 7's",
    "Deportivo Xochil",
)

#: Drifts to the second name in the autumn (SOURCES.md, section 1.10).
DRIFTING = ("Tansy Bluff Glens", "Tansy Bluff Glens SC")

#: One name of so many is an awkward one, until there are no more.
_AWKWARD_EACH = 6

_GROUNDS = (
    "{} Park - Field # {}",
    "{} Sports Complex, Turf Field {}",
    "{} High School - Stadium Field {}",
    "{} Regional Park - Field {}/{}",
    "{} Training Center – Pitch {}",
    '"The Cage" at {} Commons #{}',
    "Complejo {} - Cancha Nº {}",
    "{}’s Meadow - Field #{} (East)",
    "{} Soccer Park, Lot C - Field {} ",
    "Sts. Cyril & Ana Fields, {} - {}",
    "{} Polo Grounds - North\\South {}",
    "{} Fieldhouse - Indoor {}",
)


@dataclass(frozen=True, slots=True)
class Name:
    """A club's name, and the town whose grounds it plays on."""

    club: str
    town: str


def club_names(seed: int, count: int) -> list[Name]:
    """`count` different names, in an order that the seed alone decides. The drifting club comes first."""
    random = dice(seed, "names")
    towns = [town for line in _TOWNS.split("\n") for town in line.split("|") if town]
    patterns = random.sample(_PATTERNS, len(_PATTERNS))
    awkward = list(reversed(_AWKWARD))
    names = [Name(DRIFTING[0], "Tansy Bluff")]
    for lap in range(len(patterns)):
        for town in random.sample(towns, len(towns)):
            if len(names) % _AWKWARD_EACH == 2 and awkward:
                names.append(Name(awkward.pop(), town))
            # a town comes back only after all the others, and then with another pattern
            pattern = patterns[(towns.index(town) + lap) % len(patterns)]
            names.append(Name(pattern.format(town), town))
        if len(names) >= count:
            return names[:count]
    raise AssertionError(f"there are no names for {count} clubs")


def venue_names(random: Random, town: str) -> list[str]:
    """The two to four fields that a club plays its home matches on."""
    grounds = random.sample(_GROUNDS, random.choice((1, 2, 2)))
    fields = [(ground, number) for ground in grounds for number in (random.randint(1, 4), random.randint(5, 12))]
    return [ground.format(town, number, number + 1) for ground, number in fields][: random.choice((2, 3, 4))]
