# Sourced by tools/test-debian13 and tools/test-cuda-build: a Debian 13 in a folder, and the working tree in it.
# They set `program`, `root` (the folder by default), `usage` and `components` of Debian's archive before.

fail() { echo "$program: $2" >&2; exit "$1"; }

# take_arguments ARGUMENTS: help, and another `root`.
take_arguments() {
  case ${1-} in
    -h | --help) echo "$usage"; exit 0 ;;
    -*) fail 2 "unknown option '$1'; see --help" ;;
    ?*) root=$1 ;;
  esac
  [ $# -le 1 ] || fail 2 "expected at most one argument, got $#; see --help"
  [ "$(id -u)" -eq 0 ] || fail 2 "needs root; try: sudo $program ROOT"
}

make_root() {
  if [ ! -e "$root" ]; then
    if ! command -v debootstrap >/dev/null; then
      echo "$program: installing debootstrap"
      apt-get update -qq
      DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends debootstrap >/dev/null
    fi
    echo "== making $root"
    # Under another name first: an interrupted run leaves no half root.
    mkdir -p "$(dirname "$root")"
    rm -rf "$root.partial"
    debootstrap --variant=minbase --components="$components" --include=ca-certificates trixie "$root.partial" \
      >"$root.log" || fail 1 "debootstrap failed; see $root.log"
    mv "$root.partial" "$root"
  fi
  grep -qs '^VERSION_CODENAME=trixie' "$root/etc/os-release" ||
    fail 2 "$root is no Debian 13; name another folder, or remove it"
  # The way to the network is the host's: name servers, proxy and the like.
  cp --remove-destination -L /etc/resolv.conf "$root/etc/resolv.conf"
  apt-config dump | grep -E '^Acquire::(https?|Check-)' >"$root/etc/apt/apt.conf.d/90host" || true
  mount_inside /proc -t proc proc
}

# mount_inside FOLDER ARGUMENTS...: until this program ends; ARGUMENTS are those of mount.
mounted=()
mount_inside() {
  local folder=$root$1
  shift
  ! mountpoint -q "$folder" || return 0
  mkdir -p "$folder"
  mount "$@" "$folder"
  mounted=("$folder" "${mounted[@]}")
  trap 'umount "${mounted[@]}"' EXIT
}

# The sources anew, without what was deleted since; the build folder stays.
copy_sources() {
  local sources=$root/root/ablate
  mkdir -p "$sources"
  find "$sources" -mindepth 1 -maxdepth 1 ! -name build -exec rm -rf {} +
  git ls-files -co --exclude-standard -z | while IFS= read -r -d '' file; do
    [ ! -e "$file" ] || printf '%s\0' "$file"
  done | tar -c --null -T - | tar -x -C "$sources" --no-same-owner
}

# inside COMMAND: in the copy of the working tree.
inside() {
  chroot "$root" env -i HOME=/root PATH=/usr/sbin:/usr/bin:/sbin:/bin LANG=C.UTF-8 sh -ec "cd ~/ablate; $1"
}
