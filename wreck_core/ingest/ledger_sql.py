"""The tables and statements of the ledger."""

_COLUMNS = """
    url_id TEXT NOT NULL,
    url TEXT NOT NULL,
    host TEXT NOT NULL,
    list TEXT NOT NULL,
    line INTEGER NOT NULL,
    list_label TEXT,
    list_sha256 TEXT,
    source TEXT,
    license TEXT,
    reading INTEGER NOT NULL,           -- the last reading of lists that held it
    status TEXT,                        -- null: not tried yet
    detail TEXT,
    http_code INTEGER,
    attempts INTEGER,
    ms INTEGER,
    tried_at TEXT,
    fetched_at TEXT,                    -- the first success with this picture
    asked_again TEXT,                   -- how it ended when a refresh last asked for the picture again
    asked_again_at TEXT,
    final_url TEXT,
    etag TEXT,
    last_modified TEXT,
    sha256 TEXT,
    bytes INTEGER,
    format TEXT,
    width INTEGER,
    height INTEGER,
    brightness REAL,
    sharpness REAL,
    phash BLOB,
    phash_square BLOB,
    hash_version INTEGER
"""

# `earlier` holds the rows of pictures that a URL gave before the one that it gives now.
SCHEMA = f"""
CREATE TABLE IF NOT EXISTS urls ({_COLUMNS}, PRIMARY KEY (url_id)) STRICT, WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS urls_by_sha256 ON urls (sha256) WHERE sha256 IS NOT NULL;
CREATE TABLE IF NOT EXISTS earlier ({_COLUMNS}, PRIMARY KEY (url_id, sha256)) STRICT, WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS lists (
    name TEXT PRIMARY KEY,
    reading INTEGER NOT NULL,
    lines INTEGER NOT NULL,
    urls INTEGER NOT NULL,
    skipped TEXT NOT NULL,              -- JSON: reason -> number of lines
    examples TEXT NOT NULL              -- JSON: reason -> first line numbers
) STRICT;
"""

TABLE_COLUMNS = """
SELECT tables.name, columns.name FROM sqlite_schema AS tables, pragma_table_info(tables.name) AS columns
WHERE tables.type = 'table' ORDER BY tables.name, columns.cid
"""

# The list that named a URL first owns its line and columns; another list only fills gaps. No row changes
# when this reading has seen the URL before.
LISTED = """
INSERT INTO urls (reading, list, line, list_label, list_sha256, source, license, url_id, url, host)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
ON CONFLICT (url_id) DO UPDATE SET
    reading = excluded.reading,
    line = iif(list = excluded.list, excluded.line, line),
    list_label = coalesce(iif(list = excluded.list, NULL, list_label), excluded.list_label),
    list_sha256 = coalesce(iif(list = excluded.list, NULL, list_sha256), excluded.list_sha256),
    source = coalesce(iif(list = excluded.list, NULL, source), excluded.source),
    license = coalesce(iif(list = excluded.list, NULL, license), excluded.license)
WHERE reading <> excluded.reading
"""

ENDED = """
UPDATE urls SET status = ?, detail = ?, http_code = ?, attempts = ?, ms = ?, tried_at = ?
WHERE url_id = ? AND status IS NOT 'ok'
"""
ASKED_AGAIN = """
UPDATE urls SET asked_again = ?, asked_again_at = ?,
    etag = coalesce(?, etag), last_modified = coalesce(?, last_modified)
WHERE url_id = ? AND status = 'ok'
"""
KEEP_EARLIER = """
INSERT OR IGNORE INTO earlier
SELECT * FROM urls WHERE url_id = :url_id AND status = 'ok' AND sha256 <> :sha256
"""
FETCHED = """
UPDATE urls SET
    asked_again = CASE WHEN status = 'ok' THEN 'ok' END,
    asked_again_at = CASE WHEN status = 'ok' THEN :tried_at END,
    fetched_at = CASE WHEN sha256 = :sha256 THEN fetched_at ELSE :tried_at END,
    status = 'ok', detail = NULL, http_code = :http_code, attempts = :attempts, ms = :ms,
    tried_at = :tried_at, final_url = :final_url, etag = :etag, last_modified = :last_modified,
    sha256 = :sha256, bytes = :size_bytes, format = :format, width = :width, height = :height,
    brightness = :brightness, sharpness = :sharpness,
    phash = :phash, phash_square = :phash_square, hash_version = :hash_version
WHERE url_id = :url_id
"""
FORGET_RETURNED = "DELETE FROM earlier WHERE url_id = :url_id AND sha256 = :sha256"

# `outcome` is `status`, but `placeholder` where too many URLs gave the same bytes.
TEMP = """
CREATE TEMP TABLE shared (sha256 TEXT PRIMARY KEY) WITHOUT ROWID;
CREATE TEMP TABLE pending (url_id TEXT PRIMARY KEY, sha256 TEXT, etag TEXT, last_modified TEXT) WITHOUT ROWID;
CREATE TEMP VIEW outcomes AS
    SELECT *, CASE WHEN status = 'ok' AND sha256 IN (SELECT sha256 FROM shared)
        THEN 'placeholder' ELSE status END AS outcome
    FROM urls;
CREATE TEMP VIEW pictures AS
    SELECT * FROM (SELECT * FROM urls WHERE status = 'ok' UNION ALL SELECT * FROM earlier)
    WHERE sha256 NOT IN (SELECT sha256 FROM shared);
"""
MARK_SHARED = """
INSERT INTO shared
SELECT sha256 FROM (
    SELECT sha256, url_id FROM urls WHERE status = 'ok' AND sha256 IS NOT NULL
    UNION SELECT sha256, url_id FROM earlier
)
GROUP BY sha256 HAVING count(*) >= ?
"""
SELECT_PENDING = """
INSERT INTO pending (url_id) SELECT url_id FROM outcomes
WHERE reading = ? AND (outcome IS NULL OR outcome IN (SELECT value FROM json_each(?)))
"""
SELECT_HELD = """
INSERT OR IGNORE INTO pending SELECT url_id, sha256, etag, last_modified FROM outcomes
WHERE reading = :reading AND outcome = 'ok' AND coalesce(asked_again_at, tried_at) <= :before
"""
# What was taken down leaves its hash, its host and its place in a list. A picture is that of the host that
# gave it, wherever the list sent us first.
_NAMED = """
    url_id IN (SELECT value FROM json_each(:url_ids)) OR host IN (SELECT value FROM json_each(:hosts))
    OR sha256 IN (SELECT value FROM json_each(:sha256s))
    OR (:hosts <> '[]' AND host_of(final_url) IN (SELECT value FROM json_each(:hosts)))
"""
BLOCK = (
    f"DELETE FROM earlier WHERE {_NAMED}",  # noqa: S608 - own words
    f"""
    UPDATE urls SET status = 'blocklisted', url = '', detail = NULL, list_label = NULL, list_sha256 = NULL,
        source = NULL, license = NULL, http_code = NULL, attempts = NULL, ms = NULL, tried_at = NULL,
        fetched_at = NULL, asked_again = NULL, asked_again_at = NULL, final_url = NULL, etag = NULL,
        last_modified = NULL, sha256 = NULL, bytes = NULL, format = NULL, width = NULL, height = NULL,
        brightness = NULL, sharpness = NULL, phash = NULL, phash_square = NULL, hash_version = NULL
    WHERE (status IS NOT 'blocklisted' OR url <> '') AND ({_NAMED})
    """,  # noqa: S608 - own words
)
OUTDATED = """
SELECT sha256, format FROM urls WHERE status = 'ok' AND hash_version IS NOT :version
UNION SELECT sha256, format FROM earlier WHERE hash_version IS NOT :version
"""
REHASHED = tuple(
    f"UPDATE {table} SET phash = ?, phash_square = ?, hash_version = ? WHERE sha256 = ?"  # noqa: S608 - own words
    for table in ("urls", "earlier")
)
NAMED = f"""
SELECT url_id, sha256 FROM urls WHERE {_NAMED} UNION SELECT url_id, sha256 FROM earlier WHERE {_NAMED}
"""  # noqa: S608 - own words
STORED = """
SELECT count(DISTINCT sha256) AS images,
    (SELECT coalesce(sum(bytes), 0) FROM (
        SELECT max(bytes) AS bytes FROM pictures GROUP BY sha256
    )) AS image_bytes,
    coalesce(sum(list_sha256 IS NOT NULL AND list_sha256 <> sha256), 0) AS sha256_differs
FROM pictures
"""
GOOD = "SELECT * FROM pictures ORDER BY list, line, url_id, fetched_at, sha256"
