"""What can be wrong with an object, as docs/FORMAT.md 16.1 tells it apart."""
import contextlib


class Problem(Exception):
    """Something is not as it must be. `about` is the object's key, once it is known."""
    word, status = "problem", 1

    def __init__(self, reason, about=None):
        super().__init__(reason)
        self.reason, self.about = reason, about

    def __str__(self):
        return f"{self.word}: {self.about + ': ' if self.about else ''}{self.reason}"


class Damaged(Problem):
    word, status = "damaged", 4


class Missing(Problem):
    word, status = "missing", 4


class Refused(Problem):
    word, status = "refused", 5


class Foreign(Problem):
    word, status = "foreign", 5


class Unreachable(Problem):
    word, status = "unreachable", 6


class WrongKey(Problem):
    word, status = "wrong key", 7


class NewerFormat(Problem):
    word, status = "newer format", 8


class Usage(Problem):
    """The command, the kit or the target cannot be used."""
    word, status = "usage", 2


@contextlib.contextmanager
def about(name):
    """Problems found inside are about the object `name`, unless they already say what they are about."""
    try:
        yield
    except Problem as problem:
        problem.about = problem.about or name
        raise


class Report:
    """Collects problems, and prints each at once."""

    def __init__(self, out):
        self.out, self.problems, self.notes = out, [], []

    def add(self, problem):
        if str(problem) not in map(str, self.problems):
            self.problems.append(problem)
            print(problem, file=self.out)

    def note(self, text):
        """Worth saying, and nothing wrong."""
        self.notes.append(text)
        print(f"note: {text}", file=self.out)

    @contextlib.contextmanager
    def passing(self, name):
        """A problem inside is reported, and what comes after goes on."""
        try:
            with about(name):
                yield
        except Problem as problem:
            self.add(problem)

    @property
    def status(self):
        """Damage before all others: it is what has to be acted on."""
        found = [problem.status for problem in self.problems]
        return 4 if 4 in found else found[0] if found else 0
