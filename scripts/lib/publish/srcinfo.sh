# Prints the .SRCINFO of the PKGBUILD that is named: bash srcinfo.sh PKGBUILD. The AUR takes none without it; makepkg
# --printsrcinfo, which exists on Arch alone, reads the PKGBUILD in the same way and writes the same lines.
set -euo pipefail
# shellcheck disable=SC1090 # what is named
source "$1"

# One line for each value of a variable, be it an array or not.
lines() {
  local value values
  # Not "declare -n": macOS has a bash from before it.
  eval "values=(\"\${$1[@]}\")"
  for value in "${values[@]}"; do printf '\t%s = %s\n' "$1" "$value"; done
}

# shellcheck disable=SC2154 # the PKGBUILD has them
printf 'pkgbase = %s\n' "$pkgname"
for name in pkgdesc pkgver pkgrel url arch license depends provides conflicts options source sha256sums \
  source_x86_64 sha256sums_x86_64 source_aarch64 sha256sums_aarch64; do
  lines "$name"
done
printf '\npkgname = %s\n' "$pkgname"
