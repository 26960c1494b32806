"""Makes a large bug report: a real one with a system log that went on for longer. Usage: bugreport.py SMALL.zip LARGE.zip MEBIBYTES"""

import sys
import zipfile

small, large, mebibytes = sys.argv[1], sys.argv[2], int(sys.argv[3])
lines = b"".join(
    b"11-20 10:%02d:%02d.%03d  1000  1234  %4d I ActivityManager: Start proc %d:org.example.app%d/u0a%d for service\n"
    % (n // 60 % 60, n % 60, n % 1000, n % 9999, n, n % 97, n % 300)
    for n in range(20000)
)
with zipfile.ZipFile(small) as old, zipfile.ZipFile(large, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as new:
    for name in old.namelist():
        text = old.read(name)
        log = text.find(b"------ SYSTEM LOG")
        if log < 0:
            new.writestr(name, text)
            continue
        after = text.find(b"\n", log) + 1
        with new.open(name, "w", force_zip64=True) as stream:
            stream.write(text[:after])
            for _ in range((mebibytes << 20) // len(lines)):
                stream.write(lines)
            stream.write(text[after:])
