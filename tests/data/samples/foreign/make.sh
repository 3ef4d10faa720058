#!/bin/sh
# Made the archives in this folder: the same samples, written by other programs (GNU tar 1.34, bsdtar 3.6.2, Python
# 3.11). They are compressed as most of a tar archive is zeros. Run it in an empty folder.
set -e
long=s/dddddddddddddddddddddddddddddddddddddddddddddddddddddddddddd
name=nnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnn
mkdir -p $long
printf 'picture 0' > s/000000.jpg
printf 'A cat.\n' > s/000000.txt
printf '{"url": "u", "width": 1}' > s/000000.json
printf 'resource fork' > s/._000000.jpg
printf 'picture 1' > s/000001.JPG
printf 'Zw\303\266lf Enten' > s/000001.txt
printf 'mask' > s/000002.seg.png
printf 'A dog' > s/000002.txt
printf 'picture 2' > s/000002.webp
ln -s 000000.jpg s/000003.jpg
printf 'read me' > s/README
printf 'picture 4' > "s/k$(printf '\303\244')se.png"
printf 'Cheese' > "s/k$(printf '\303\244')se.txt"
printf 'picture 5' > $long/$name.jpeg
printf 'Long names' > $long/$name.txt
for format in gnu oldgnu ustar posix; do
  tar --sort=name --format=$format -cf gnutar-$format.tar s
done
tar --sort=name --format=v7 --exclude='d*' -cf gnutar-v7.tar s
for format in ustar pax gnutar; do
  find s | LC_ALL=C sort | bsdtar --format $format -n -T - -cf bsdtar-$format.tar
done
python3 - <<'END'
import os, tarfile
names = sorted(os.path.join(folder, name) for folder, _, names in os.walk("s") for name in names)
for label, format in ("ustar", tarfile.USTAR_FORMAT), ("gnu", tarfile.GNU_FORMAT), ("pax", tarfile.PAX_FORMAT):
    with tarfile.open(f"python-{label}.tar", "w", format=format) as tar:
        for name in names:
            tar.add(name)
# As webdataset's TarWriter: a stream, times with fractions (so each member has a PAX header), read-only files.
with tarfile.open("webdataset.tar", "w|") as tar:
    for name in names:
        if os.path.islink(name):
            continue
        info = tarfile.TarInfo(name)
        info.size, info.mtime, info.mode = os.path.getsize(name), 1700000000.25, 0o444
        with open(name, "rb") as file:
            tar.addfile(info, file)
END
# A global PAX header, as `git archive` writes it.
git init -q repository
cp -r s repository
git -C repository add -A
git -C repository -c user.name=a -c user.email=a@b commit -qm samples
git -C repository archive -o ../git.tar HEAD
gzip -9n *.tar
