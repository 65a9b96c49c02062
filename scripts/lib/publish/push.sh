#!/bin/sh
# Puts files into another git repository and pushes them: a tap, a bucket, the AUR.
# Usage: push.sh REPOSITORY BRANCH MESSAGE FILE=PATH...   FILE is put to PATH inside of the repository.
# Environment: DEPLOY_KEY  a private key of OpenSSH that may write there; without it nothing is done, and that is said
#              KNOWN_HOSTS lines of OpenSSH's known_hosts for the host: another host is refused
set -eu

if [ $# -lt 4 ]; then
  sed -n 's/^# //p' "$0" >&2
  exit 2
fi
repository=$1 branch=$2 message=$3
shift 3

if [ -z "${DEPLOY_KEY:-}" ]; then
  # GitHub shows such a line on the page of the run.
  echo "::notice::$repository is left as it is: there is no deploy key for it"
  exit 0
fi

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
trap 'exit 129' HUP
trap 'exit 130' INT
trap 'exit 143' TERM

# ssh takes no key that others may read, and none without a line break at its end.
(umask 077 && printf '%s\n' "$DEPLOY_KEY" > "$folder/key" && printf '%s\n' "${KNOWN_HOSTS:-}" > "$folder/hosts")
export GIT_SSH_COMMAND="ssh -i $folder/key -o IdentitiesOnly=yes -o BatchMode=yes -o StrictHostKeyChecking=yes \
-o UserKnownHostsFile=$folder/hosts"
unset DEPLOY_KEY

git clone --quiet --depth 1 --branch "$branch" "$repository" "$folder/clone"
for pair; do
  mkdir -p "$folder/clone/$(dirname "${pair#*=}")"
  cp "${pair%%=*}" "$folder/clone/${pair#*=}"
  git -C "$folder/clone" add -- "${pair#*=}"
done
if git -C "$folder/clone" diff --cached --quiet; then
  echo "$repository: it is there already"
  exit 0
fi
git -C "$folder/clone" -c user.name=pg_gateway -c user.email=noreply@users.noreply.github.com commit --quiet -m "$message"
git -C "$folder/clone" push --quiet origin "HEAD:$branch"
echo "$repository: $message"
