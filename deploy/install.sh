#!/bin/sh
# Installs pg_gateway for this user: downloads the executable for this machine, compares its SHA-256 with the one of the
# release, runs it, and puts it into ~/.local/bin. Nothing is changed before all of that went well. --help tells more.

# All is in functions, and the call is the last line: a script that arrives in part does nothing.
set -eu

# The release that is installed; the script of a release has its version here.
version=latest
repository=https://github.com/pg-gateway/pg_gateway

usage() {
  cat <<'EOF'
install.sh [--uninstall | --version | --help]

Installs pg_gateway, or replaces an older one, without being root.

  --uninstall   removes it again
  --version     prints the version that would be installed
  --help

Environment:
  PREFIX                where to: into PREFIX/bin (default: ~/.local)
  PG_GATEWAY_VERSION    another version, as in 1.2.3, or "latest"
  PG_GATEWAY_BASE_URL   where the files of a release are: a mirror (default: the release on GitHub)
EOF
}

say() { printf 'install.sh: %s\n' "$@"; }

fail() {
  printf 'install.sh: %s\n' "$@" >&2
  exit 1
}

has() { command -v "$1" >/dev/null 2>&1; }

# Prints OS-ARCH as the names of the files have it.
target() {
  system=$(uname -s)
  machine=$(uname -m)
  case $machine in
    x86_64 | amd64) machine=x64 ;;
    aarch64 | arm64) machine=arm64 ;;
  esac
  case $system in
    Linux) system=linux ;;
    Darwin)
      system=darwin
      # A shell that Rosetta translates says x86_64 on an Apple processor.
      if [ "$(sysctl -n hw.optional.arm64 2>/dev/null || true)" = 1 ]; then machine=arm64; fi
      ;;
    MINGW* | MSYS* | CYGWIN* | Windows*)
      fail "On Windows, take pg_gateway-VERSION-windows-x64.zip from $repository/releases ."
      ;;
  esac
  case $system-$machine in
    linux-x64 | linux-arm64)
      if is_musl; then machine=$machine-musl; fi
      ;;
  esac
  case $system-$machine in
    linux-x64 | linux-x64-musl | linux-arm64 | darwin-x64 | darwin-arm64) echo "$system-$machine" ;;
    *)
      fail "There is no executable for $system-$machine ($(uname -sm))." \
        "It runs from npm or from its sources there, on Node 20 or newer: $repository"
      ;;
  esac
}

# ldd says it on every system that has one; a musl that is installed beside glibc does not make a system of musl.
is_musl() {
  if has ldd; then
    case $(ldd --version 2>&1 || true) in
      *musl*) return 0 ;;
      *) return 1 ;;
    esac
  fi
  for loader in /lib/ld-linux-*.so.* /lib64/ld-linux-*.so.*; do
    if [ -e "$loader" ]; then return 1; fi
  done
  for loader in /lib/ld-musl-*.so.1; do
    if [ -e "$loader" ]; then return 0; fi
  done
  return 1
}

# download URL FILE
download() {
  if has curl; then
    curl -fsSL -o "$2" "$1" || fail "$1 could not be downloaded; see above." 'Nothing was changed.'
  elif has wget; then
    wget -q -O "$2" "$1" || fail "$1 could not be downloaded (wget ended with $?)." 'Nothing was changed.'
  else
    fail 'Neither curl nor wget is installed: install one, or download the archive with a browser.' \
      "$repository/releases"
  fi
}

# Prints the SHA-256 of a file.
sha256() {
  if has sha256sum; then
    sum=$(sha256sum <"$1")
  elif has shasum; then
    sum=$(shasum -a 256 <"$1")
  elif has openssl; then
    sum=$(openssl dgst -sha256 -r <"$1")
  else
    fail 'None of sha256sum, shasum and openssl is installed: the download cannot be checked.' 'Nothing was changed.'
  fi
  echo "${sum%% *}"
}

# The line of a file in SHA256SUMS: "hash  name", for a version that is not known here.
entry() {
  while read -r hash name; do
    case $name in
      pg_gateway-*-"$2".tar.gz)
        # linux-x64 is also the beginning of linux-x64-musl; and nothing but a plain name is taken for one.
        rest=${name#pg_gateway-}
        rest=${rest%-"$2".tar.gz}
        case $rest in
          *[!0-9A-Za-z.+-]* | *-linux* | *-darwin*) ;;
          *)
            echo "$hash $name"
            return
            ;;
        esac
        ;;
    esac
  done <"$1"
}

install_program() {
  for_machine=$(target)
  base=${PG_GATEWAY_BASE_URL:-}
  if [ -z "$base" ]; then
    case $version in
      latest) base=$repository/releases/latest/download ;;
      *) base=$repository/releases/download/v$version ;;
    esac
  fi

  mkdir -p "$bin" 2>/dev/null || fail "$bin cannot be made by $(id -un)." 'PREFIX names another place: PREFIX=~/somewhere.'
  # Beside its destination, so that the last step is a rename.
  stage=$(mktemp -d "$bin/.pg_gateway-install.XXXXXX" 2>/dev/null) ||
    fail "$(id -un) may not write to $bin." 'PREFIX names another place: PREFIX=~/somewhere.'
  trap 'rm -rf "$stage"' EXIT
  trap 'exit 130' HUP INT TERM

  download "$base/SHA256SUMS" "$stage/SHA256SUMS"
  found=$(entry "$stage/SHA256SUMS" "$for_machine")
  [ -n "$found" ] || fail "$base/SHA256SUMS names no pg_gateway for $for_machine." 'Nothing was changed.'
  expected=${found%% *}
  name=${found#* }
  say "downloading $base/$name"
  download "$base/$name" "$stage/archive"
  actual=$(sha256 "$stage/archive")
  [ "$actual" = "$expected" ] || fail \
    "$name is not the file of the release: its SHA-256 is" "  $actual, and SHA256SUMS says" "  $expected." \
    'It was cut off on its way, or changed. Nothing was changed here.'

  tar -xzf "$stage/archive" -C "$stage" "${name%.tar.gz}/pg_gateway" ||
    fail "$name could not be unpacked; see above." 'Nothing was changed.'
  new=$stage/${name%.tar.gz}/pg_gateway
  told=$("$new" --version 2>"$stage/said") || {
    cat "$stage/said" >&2
    case $for_machine in
      *musl) fail 'It does not run on this machine. It needs libstdc++: on Alpine, "apk add libstdc++".' 'Nothing was changed.' ;;
      *) fail "It does not run on this machine ($(uname -sm)); see above." 'Nothing was changed.' ;;
    esac
  }
  mv -f "$new" "$bin/pg_gateway"
  say "$told is installed as $bin/pg_gateway"
  tell_path
}

tell_path() {
  case :$PATH: in
    *:"$bin":*) return ;;
  esac
  case ${SHELL:-} in
    */zsh) file='~/.zshrc' ;;
    */bash) file='~/.bashrc' ;;
    */fish)
      say "$bin is not in your PATH: run \"fish_add_path $bin\"."
      return
      ;;
    *) file='~/.profile' ;;
  esac
  say "$bin is not in your PATH: add this line to $file, and open a new shell." \
    "  export PATH=\"$bin:\$PATH\""
}

uninstall_program() {
  [ -e "$bin/pg_gateway" ] || fail "There is no $bin/pg_gateway."
  rm -f "$bin/pg_gateway" || fail "$(id -un) may not write to $bin."
  say "$bin/pg_gateway is removed"
}

main() {
  version=${PG_GATEWAY_VERSION:-$version}
  version=${version#v}
  what=install_program
  for option; do
    case $option in
      --help | -h)
        usage
        return
        ;;
      --version)
        echo "$version"
        return
        ;;
      --uninstall) what=uninstall_program ;;
      *)
        usage >&2
        fail "unknown option $option"
        ;;
    esac
  done
  if [ -z "${PREFIX:-}" ] && [ -z "${HOME:-}" ]; then fail 'Neither PREFIX nor HOME is set.'; fi
  bin=${PREFIX:-$HOME/.local}/bin
  $what
}

main "$@"
