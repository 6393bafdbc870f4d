"""Prints the first shots that seeds 0 and 3 draw from a pool of 40 with 4 shots: the witness of FewShotTests."""
MASK = (1 << 64) - 1


class SplitMix:
    def __init__(self, words):
        self.state = 0
        for word in words:
            self.state = self.next() ^ word

    def next(self):
        self.state = (self.state + 0x9E3779B97F4A7C15) & MASK
        z = self.state
        z = ((z ^ (z >> 30)) * 0xBF58476D1CE4E5B9) & MASK
        z = ((z ^ (z >> 27)) * 0x94D049BB133111EB) & MASK
        return z ^ (z >> 31)

    def below(self, bound):
        limit = (1 << 64) // bound * bound  # the low word is refused where a multiple of the bound is cut short
        while True:
            high, low = divmod(self.next() * bound, 1 << 64)
            if low >= (1 << 64) - limit:
                return high


for seed in (0, 3):
    random = SplitMix([1, 4, seed])
    pool = list(range(40))
    for end in range(39, 0, -1):
        other = random.below(end + 1)
        pool[end], pool[other] = pool[other], pool[end]
    print(seed, pool[:4])
