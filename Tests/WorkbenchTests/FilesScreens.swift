/// Screens as they should look.
enum Screens {
    static let list80 = """

        ┌─ Files ───────────────────────── 5 ─┐
        │  analogies.md         SAT-style ana…│
        │  broken.md            cannot be rea…│
        │▸ translate.md         English to Fr…│
        │  vars.md              Asked on open…│
        │   experiments/                      │
        │    translation.yaml   0-16 shots    │
        │                                     │
        │                                     │
        │                                     │
        │                                     │
        │                                     │
        │                                     │
        │                                     │
        │                                     │
        │ Look at: how the first letters of   │
        │ each French word stop being a       │
        │ surprise after the second example.  │
        │                                     │
        │                                     │
        └─ ⏎ open  / filter  n new ───────────┘

        """
    static let list120 = """

        ┌─ Files ────────────────────────────── prompts/  5 ─┐
        │  analogies.md         SAT-style analogies          │
        │  broken.md            cannot be read as a prompt   │
        │▸ translate.md         English to French, 2 shots   │
        │  vars.md              Asked on opening             │
        │   experiments/                                     │
        │    translation.yaml   0-16 shots                   │
        │                                                    │
        │                                                    │
        │                                                    │
        │                                                    │
        │ Look at: how the first letters of each French word │
        │ stop being a surprise after the second example.    │
        │                                                    │
        │                                                    │
        └─ ⏎ open  / filter  n new  s save as  d duplicate ──┘

        """
    static let list60 = """

        ┌─ Files ──────────────────────────────────── prompts/  5 ─┐
        │  analogies.md         SAT-style analogies                │
        │  broken.md            cannot be read as a prompt         │
        │▸ translate.md         English to French, 2 shots         │
        │  vars.md              Asked on opening                   │
        │                                                          │
        │ Look at: how the first letters of each French word stop  │
        │ being a surprise after the second example.               │
        └─ ⏎ open  / filter  n new  s save as  d duplicate ────────┘

        """
    static let zoomed = """

        ┌─ Files ──────────────────────────────────────────────────────── prompts/  5 ─┐
        │  analogies.md         SAT-style a… │ English: cheese                         │
        │  broken.md            cannot be r… │ French: fromage                         │
        │▸ translate.md         English to … │                                         │
        │  vars.md              Asked on op… │ English: peppermint                     │
        │   experiments/                     │ French:                                 │
        │    translation.yaml   0-16 shots   │                                         │
        │                                    │                                         │
        │                                    │                                         │
        │                                    │                                         │
        │                                    │                                         │
        │                                    │                                         │

        """
    static let palette80 = """

        ┌─ Commands ─────────────────────────────────────────────────────────── 3 ─┐
        │ > find                                                                   │
        │ Find text in the document                                             ^F │
        │ Find the next place of the text         nothing was searched for yet  F3 │
        │ Candidates: Find any text: its joint logpr…  no distribution is shown  / │
        │                                                                          │
        │                                                                          │
        │                                                                          │
        │                                                                          │
        │                                                                          │
        │                                                                          │
        │                                                                          │
        │                                                                          │
        │                                                                          │
        │                                                                          │
        │                                                                          │
        │                                                                          │
        │                                                                          │
        │                                                                          │
        │                                                                          │
        │                                                                          │
        └─ ⏎ run  ↑↓ choose  Esc close ────────────────────────────────────────────┘

        """
    static let help80 = """

        ┌─ Help ───────────────────────────────────────────────────────── 1–20 of 389 ─┐
        │ Files                                                                        │
        │ Enter                 Open the file                                          │
        │ /                     Filter the list                                        │
        │ n                     New document                                           │
        │ s                     Save the document under a name                         │
        │ d                     Duplicate the file                                     │
        │ r                     Rename the file                                        │
        │ x                     Move the file to the trash                             │
        │ e                     Export the document                                    │
        │ ↑ k                   File above                                             │
        │ ↓ j                   File below                                             │
        │                                                                              │
        │ What is to be seen                                                           │
        │ A token is a piece of text with a number: often a word with the space before │
        │ it. The model reads tokens and says for each token of its vocabulary how     │
        │ likely it comes next.                                                        │
        │ Surprisal is -ln of the probability the model gave to the token that stands  │
        │ there, in nats: 0 was certain, 0.7 one in two, 2.3 one in ten, 6.9 one in a  │
        │ thousand. Entropy H is the surprisal to be expected; e^H says among how many │
        │ equally likely tokens that would be.                                         │
        └─ ↑↓ PgUp PgDn scroll  Esc close ─────────────────────────────────────────────┘

        """
}
