# Made by scripts/publish from deploy/homebrew/pg_gateway.rb and the SHA256SUMS of the release.
class PgGateway < Formula
  desc "One address in front of a replicated PostgreSQL"
  homepage "@REPOSITORY@"
  version "@VERSION@"
  license "MIT"

  on_macos do
    on_arm do
      url "@URL darwin-arm64@"
      sha256 "@SHA256 darwin-arm64@"
    end
    on_intel do
      url "@URL darwin-x64@"
      sha256 "@SHA256 darwin-x64@"
    end
  end

  on_linux do
    on_arm do
      url "@URL linux-arm64@"
      sha256 "@SHA256 linux-arm64@"
    end
    on_intel do
      url "@URL linux-x64@"
      sha256 "@SHA256 linux-x64@"
    end
  end

  def install
    bin.install "pg_gateway"
    generate_completions_from_executable(bin/"pg_gateway", "completion")
    (man1/"pg_gateway.1").write Utils.safe_popen_read(bin/"pg_gateway", "man")
    # brew itself keeps LICENSE and README, and nothing else of this kind.
    prefix.install Dir["THIRD-PARTY-LICENSES*"]
  end

  test do
    assert_match version.to_s, shell_output("#{bin}/pg_gateway --version")
    # Without servers there is nothing to check, and it says so.
    assert_match "CANDIDATES", shell_output("#{bin}/pg_gateway check 2>&1", 2)
  end
end
