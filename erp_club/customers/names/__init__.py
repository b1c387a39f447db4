"""Finding people by their names, as they are typed, heard and spelt, across Hebrew, Latin, Cyrillic and Arabic script.

- `hebrew`, `latin`, `cyrillic`, `arabic`: one table each of what the script's letters may sound like; `script` says how
  such a table is written and reads a word by it, `scripts` tells which one a word is in.
- `spelling`: names as they are stored, the words they are taken apart into, and a word's bare letters.
- `sounds`: the sounds of all tables by number. `costs`: how near they are to each other, what leaving one out costs.
- `keys`: by what a word finds the words that may be the same name. `entries`: what the dictionary keeps of a word.
- `alignment` and `matching`: how well the words so found match the one typed.
- `nicknames`: what people are called for short, which no sound tells.
- `models`, `commands`, `queries`: the dictionary of distinct words, each customer's words, and the search over both.

A customer is found in two steps: each typed word finds the words of the dictionary that may be meant, with a score;
then the customers who have one of each are taken from an index and put in order.
"""
