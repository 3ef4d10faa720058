#!/usr/bin/env bash
# Sourced by the scripts of this folder: options, parts with a time limit, what comes home. docs/gpus.md explains them.
set -euo pipefail
set -a  # Parts run functions of these scripts in a shell of their own.
self=$(realpath "$0")
script=$(basename "$0")
cd "$(dirname "$self")/../.."

device=cuda dry=
for argument in "$@"; do
  case $argument in
    --cpu) device=cpu ;;
    --dry-run) dry=yes ;;
    -h | --help)
      sed -n 's/^# //p; /^[^#]/q' "$self"
      echo "
Usage: tools/gpu-lease/$script [--cpu] [--dry-run]
  --cpu      the same at tiny sizes on a CPU
  --dry-run  prints its commands

\$OUT (default build/gpu-lease/out) receives what is to be kept: $script.tar.gz, anew after each part."
      exit 0 ;;
    *) echo "tools/gpu-lease/$script: found '$argument'; expected --cpu, --dry-run or --help" >&2; exit 2 ;;
  esac
done

out=${OUT:-build/gpu-lease/out}
work=build/gpu-lease/$script
bin=build/release/bin
programs='ablate ablate-worker train_bench gpu_tests model_tests'
threads=$(nproc)
deadline=$((SECONDS + 590))
if [ $device = cuda ]; then
  precision=bf16 models='9m 85m 302m 1.2b' small=9m main=85m
else
  precision=fp32 models='0.1m 0.4m' small=0.1m main=0.4m
  CUDA_VISIBLE_DEVICES=
fi
if [ -z "$dry" ]; then
  rm -rf "$work"
  mkdir -p "$out" "$work"
fi

# part FILE SECONDS COMMAND...: runs it for so long at most, with what it prints in FILE and FILE.err. One that fails costs
# no other.
part() {
  local file=$1 limit=$2 began=$SECONDS code=0 left=$((deadline - SECONDS)) state=ok
  shift 2
  if [ -n "$dry" ]; then
    printf '%s (at most %s s):' "$file" "$limit"
    printf ' %q' "$@"
    echo
    return
  fi
  [ "$limit" -le "$left" ] || limit=$left
  # shellcheck disable=SC2016
  [ "$(type -t "$1")" != function ] || set -- bash -euo pipefail -c '"$@"' bash "$@"
  mkdir -p "$(dirname "$work/$file")"
  if [ "$limit" -le 0 ]; then
    code=124
  else
    timeout -k 5 "$limit" "$@" >"$work/$file" 2>"$work/$file.err" || code=$?
    [ -s "$work/$file.err" ] || rm "$work/$file.err"
  fi
  case $code in 0) ;; 124 | 137) state='out of time' ;; *) state="exit code $code" ;; esac
  echo "$file,$((SECONDS - began)),$code" >>"$work/parts.csv"
  printf '%-36s %4d s  %s\n' "$file" $((SECONDS - began)) "$state"
  tar -czf "$out/$script.tar.gz.new" -C "$(dirname "$work")" --exclude='*.safetensors' "$script"
  mv "$out/$script.tar.gz.new" "$out/$script.tar.gz"
}

# size_of MODEL: `size`, options of train_bench.
size_of() {
  case $1 in
    9m) size=(--batch 32 --seq-len 2048) ;;
    85m) size=(--batch 16 --seq-len 2048) ;;
    302m) size=(--batch 8 --seq-len 2048) ;;
    1.2b) size=(--batch 4 --seq-len 2048) ;;
    *) size=(--batch 2 --seq-len 64) ;;
  esac
  size=(--model "$1" "${size[@]}" --threads "$threads")
}
where=(--device "$device" --precision "$precision")

# bench NAME MODEL [VARIABLE=VALUE]... [OPTION]...: training steps, with weights that are drawn.
bench() {
  local name=$1 variables=() size
  size_of "$2"
  shift 2
  while [[ ${1-} == *=* ]]; do variables+=("$1"); shift; done
  part "bench/$name.json" 60 env "${variables[@]}" "$bin/train_bench" run --random "${size[@]}" "${where[@]}" "$@"
}
bench_table() { part bench.csv 10 python3 tools/gpu-lease/bench-table "$work/bench"; }

build() {
  # shellcheck disable=SC1091
  [ ! -e build/gpu-bundle/env.sh ] || . build/gpu-bundle/env.sh
  cmake --preset release
  # shellcheck disable=SC2086
  cmake --build --preset release --target $programs
}

# What 1-build built, if it starts here; else it is unpacked, or built.
need_programs() {
  local packed=(build/gpu-lease/out/programs.tar.gz.*)
  [ -z "$dry" ] || return 0
  if ! programs_start && [ -e "${packed[0]}" ]; then cat "${packed[@]}" | tar -xz; fi
  programs_start || part build.txt 540 build
}
programs_start() {
  "$bin/train_bench" --help && "$bin/ablate-worker" --help && "$bin/ablate" --version && [ -x "$bin/gpu_tests" ]
} >/dev/null 2>&1

# keep NAME PATH...: packed into $OUT, in files of 15 MB.
keep() {
  local name=$1
  shift
  tar -czf - "$@" | split -b 15000000 -d - "$out/$name.tar.gz."
}
