#!/usr/bin/env python3
"""Makes a large Takeout of an invented person, in parts as Google makes them: benches/takeout.py FOLDER [--gb 3] [--rows 71000] [--days 28]

The access log has that many DIFFERENT rows (address, client, place): nothing can be summed up. The location history is the older
Records.json with a month of the semantic files beside it, My Activity is one large JSON, the photos are filler bytes. The same
options always give the same bytes. Writes FOLDER/takeout-…-001.zip …"""
import argparse
import json
import random
import zipfile
from datetime import datetime, timedelta, timezone
from pathlib import Path

STAMP = (2026, 11, 24, 6, 0, 0)
AS_OF = datetime(*STAMP, tzinfo=timezone.utc)
UTC = "%Y-%m-%d %H:%M:%S UTC"
RFC = "%Y-%m-%dT%H:%M:%S.%fZ"
MB = 1024 * 1024
AGENTS = [
    "App : GMAIL_APP. App Version : 6.0.{n}. Os : ANDROID_OS. Os Version : 14. Device Type : MOBILE.",
    "App : YOUTUBE_APP. App Version : 19.{n}. Os : IOS_OS. Os Version : 18.3. Device Type : MOBILE.",
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/131.0.{n}.0 Safari/537.36",
    "Mozilla/5.0 (Linux; Android 14; SM-A546B) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/131.0.{n}.0 Mobile Safari/537.36",
    "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.{n} Safari/605.1.15",
]


def entry(path, stored=False):
    info = zipfile.ZipInfo(path, STAMP)
    info.compress_type = zipfile.ZIP_STORED if stored else zipfile.ZIP_DEFLATED
    return info


def put(archive, path, pieces, stored=False):
    with archive.open(entry(path, stored), "w", force_zip64=True) as out:
        for piece in pieces:
            out.write(piece if isinstance(piece, bytes) else piece.encode())


def access_log(rows, days):
    yield ("Gaia ID,Activity Timestamp,IP Address,Proxiedhost IP Address,Is Non-routable IP Address,Activity Country,Activity Region,"
           "Activity City,User Agent String,Product Name,Sub-Product Name,Activity Type,Gmail Access Channel\n")
    for n in range(rows):
        # Newest first, as Google writes it; documentation prefix of IPv6, an address of its own for every row.
        at = AS_OF - timedelta(seconds=n * days * 86400 // max(rows, 1))
        ip = f"2001:db8:{n >> 16:x}:{n & 0xffff:x}::{(n * 7919) & 0xffff:x}"
        kind = "Non User Initiated" if n % 3 else "Sign in" if n % 30 == 0 else "Website Visit"
        agent = AGENTS[n % len(AGENTS)].format(n=n % 97)
        yield f'100000000001,{at.strftime(UTC)},{ip},,false,NL,Utrecht,Plaats {n % 400},"{agent}",Gmail,,{kind},MOBILE\n'


def records(count, rng):
    yield '{"locations": [\n'
    for n in range(count):
        at = AS_OF - timedelta(seconds=120 * (count - n))
        yield ("," if n else "") + json.dumps({
            "latitudeE7": 520000000 + rng.randrange(10**6), "longitudeE7": 50000000 + rng.randrange(10**6), "accuracy": rng.randrange(5, 90),
            "activity": [{"activity": [{"type": "STILL", "confidence": 62}, {"type": "UNKNOWN", "confidence": 27}], "timestamp": at.strftime(RFC)}],
            "source": "WIFI", "deviceTag": 1122334455, "platformType": "ANDROID", "timestamp": at.strftime(RFC)}) + "\n"
    yield "]}\n"


def semantic(count, rng):
    yield '{"timelineObjects": [\n'
    for n in range(count):
        at = AS_OF - timedelta(hours=count - n)
        yield ("," if n else "") + json.dumps({"placeVisit": {"location": {"latitudeE7": 520000000 + rng.randrange(10**6), "longitudeE7": 50000000,
            "placeId": f"place-{n}"}, "duration": {"startTimestamp": at.strftime(RFC), "endTimestamp": (at + timedelta(minutes=40)).strftime(RFC)}}}) + "\n"
    yield "]}\n"


def activity(count, product):
    yield "[\n"
    for n in range(count):
        at = AS_OF - timedelta(minutes=7 * n)
        yield ("," if n else "") + json.dumps({"header": product, "title": f"Visited example page {n}", "titleUrl": f"https://example.org/{n}",
            "time": at.strftime(RFC), "products": [product], "activityControls": ["Web & App Activity"]}) + "\n"
    yield "]\n"


def main():
    options = argparse.ArgumentParser()
    options.add_argument("folder", type=Path)
    options.add_argument("--gb", type=float, default=3.0, help="size of the parts together, in GiB (default 3)")
    options.add_argument("--rows", type=int, default=71000, help="different rows of the access log")
    options.add_argument("--days", type=int, default=28, help="days that the access log goes back")
    options.add_argument("--records", type=int, default=2_000_000, help="points of the location history")
    chosen = options.parse_args()
    rng = random.Random(1)
    chosen.folder.mkdir(parents=True, exist_ok=True)
    part = lambda n: chosen.folder / f"takeout-{AS_OF.strftime('%Y%m%dT%H%M%SZ')}-1-{n:03}.zip"
    names = ["Access Log Activity", "My Activity", "Location History", "Google Photos", "Google Account"]
    with zipfile.ZipFile(part(1), "w", allowZip64=True) as out:
        index = "".join(f'<div class="service_name" data-english-name="{name}">{name}</div>' for name in names)
        put(out, "Takeout/archive_browser.html", [f"<html><body>{index}</body></html>"])
        put(out, "Takeout/Access Log Activity/Activities - A list of Google services accessed by.csv", access_log(chosen.rows, chosen.days))
        put(out, "Takeout/Location History/Records.json", records(chosen.records, rng))
        put(out, "Takeout/Location History/Semantic Location History/2026/2026_NOVEMBER.json", semantic(20_000, rng))
        put(out, "Takeout/Location History/Settings.json", [json.dumps({"deviceSettings": [{"deviceTag": 1122334455,
            "devicePrettyName": "Galaxy A54", "platformType": "ANDROID", "reportingEnabled": True, "deviceCreationTime": "2026-01-09T22:52:00Z"}]})])
        put(out, "Takeout/My Activity/Search/MyActivity.json", activity(chosen.records // 4, "Search"))
    left, number = int(chosen.gb * 1024) - part(1).stat().st_size // MB, 2
    block = rng.randbytes(MB)
    while left > 0:
        with zipfile.ZipFile(part(number), "w", allowZip64=True) as out:
            for photo in range(min(left, 1000) // 4 or 1):
                head = f"photo {number}-{photo} ".encode()
                put(out, f"Takeout/Google Photos/Photos from 2026/IMG_{number:02}{photo:04}.jpg", [b"\xff\xd8\xff\xe0" + head, *[block] * 4], stored=True)
        left -= 1000
        number += 1
    print(f"{number - 1} parts in {chosen.folder}")


main()
