"""The tables of the label store, and the rounds of its tasks."""

from typing import Literal, get_args

Round = Literal["primary", "second", "adjudicate", "audit"]
ROUNDS = get_args(Round)

PRIMARY = "primary"  # the first label of a picture, with repeats mixed in
SECOND = "second"  # a blind second label, by somebody else
ADJUDICATE = "adjudicate"  # contradictions and doubts are settled; also the kind of these answers
AUDIT = "audit"  # final labels are looked at again, by anybody

REPEAT = "repeat"  # the strategy of a labelled picture that waits among new ones; nobody is told


def answer_kind(round_name: str, label: str | None) -> str:
    """Name the kind of an answer given in a round; a label of None is a skip."""
    if label is None:
        return "skip"
    return ADJUDICATE if round_name == ADJUDICATE else "label"


VERSION = 2  # of the tables

SCHEMA = """
CREATE TABLE task(
  task_id INTEGER PRIMARY KEY, sha256 TEXT NOT NULL CHECK(length(sha256) = 64), round TEXT NOT NULL,
  priority REAL NOT NULL, strategy TEXT NOT NULL,
  state TEXT NOT NULL DEFAULT 'open' CHECK(state IN ('open', 'leased', 'done', 'parked')),
  lease_by TEXT, lease_until REAL, suggested TEXT, score REAL, model_id TEXT, gold TEXT) STRICT;
CREATE INDEX task_open ON task(round, priority DESC, task_id) WHERE state = 'open';
CREATE INDEX task_leased ON task(round, lease_until) WHERE state = 'leased';
CREATE INDEX task_image ON task(sha256, round);
-- Counting a million tasks at every picture would take longer than labelling it.
CREATE TABLE tally(
  round TEXT, state TEXT, tasks INTEGER NOT NULL, PRIMARY KEY(round, state)) STRICT, WITHOUT ROWID;
CREATE TRIGGER task_added AFTER INSERT ON task BEGIN
  INSERT INTO tally VALUES (new.round, new.state, 1) ON CONFLICT DO UPDATE SET tasks = tasks + 1; END;
CREATE TRIGGER task_moved AFTER UPDATE OF state ON task WHEN new.state <> old.state BEGIN
  UPDATE tally SET tasks = tasks - 1 WHERE round = old.round AND state = old.state;
  INSERT INTO tally VALUES (new.round, new.state, 1) ON CONFLICT DO UPDATE SET tasks = tasks + 1; END;
CREATE TRIGGER task_removed AFTER DELETE ON task BEGIN
  UPDATE tally SET tasks = tasks - 1 WHERE round = old.round AND state = old.state; END;
CREATE TABLE label_event(
  event_id INTEGER PRIMARY KEY AUTOINCREMENT, uid TEXT NOT NULL UNIQUE, task_id INTEGER REFERENCES task,
  sha256 TEXT NOT NULL, round TEXT NOT NULL, annotator TEXT NOT NULL,
  kind TEXT NOT NULL CHECK(kind IN ('label', 'skip', 'undo', 'import', 'adjudicate')),
  label TEXT, x REAL, y REAL, w REAL, h REAL, flags TEXT NOT NULL DEFAULT '', note TEXT NOT NULL DEFAULT '',
  undoes INTEGER REFERENCES label_event, shown_ms INTEGER, suggested TEXT, score REAL,
  hint_shown INTEGER NOT NULL DEFAULT 0, at TEXT NOT NULL) STRICT;
-- With (annotator, event_id) the view below took 20 s on a large store, with this one 29 ms.
CREATE INDEX event_image ON label_event(sha256, annotator, event_id);
CREATE INDEX event_annotator ON label_event(annotator, event_id);
CREATE UNIQUE INDEX event_undone ON label_event(undoes) WHERE undoes IS NOT NULL;
CREATE TRIGGER event_no_update BEFORE UPDATE ON label_event
  BEGIN SELECT RAISE(ABORT, 'label_event is append-only'); END;
CREATE TRIGGER event_no_delete BEFORE DELETE ON label_event
  BEGIN SELECT RAISE(ABORT, 'label_event is append-only'); END;
CREATE VIEW standing AS
  SELECT * FROM label_event AS e WHERE kind IN ('label', 'skip', 'import', 'adjudicate')
  AND NOT EXISTS (SELECT 1 FROM label_event AS u WHERE u.undoes = e.event_id);
CREATE VIEW current_label AS
  SELECT * FROM standing AS e WHERE kind <> 'skip' AND NOT EXISTS (
    SELECT 1 FROM standing AS later
    WHERE later.sha256 = e.sha256 AND later.annotator = e.annotator AND later.event_id > e.event_id
    AND later.kind <> 'skip');
"""

# Whether the annotator :me has labelled the picture of `task` before: then the label would not be blind.
# Who settles or looks again may have been there.
SEEN = """(task.round NOT IN ('adjudicate', 'audit') AND EXISTS (
  SELECT 1 FROM label_event AS mine WHERE mine.sha256 = task.sha256 AND mine.annotator = :me
  AND mine.kind IN ('label', 'adjudicate')
  AND NOT EXISTS (SELECT 1 FROM label_event AS u WHERE u.undoes = mine.event_id)))"""
