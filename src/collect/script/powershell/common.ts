/**
 * The collector for Windows PowerShell 5.1, with the same protocol as the POSIX script. What every command needs: the
 * folder of the run, whether a folder is ours, and how to print one chunk of the packed answer.
 *
 * The folder is one that only SYSTEM and administrators may open. SHA256CryptoServiceProvider also works where Windows
 * allows only FIPS algorithms.
 */
export const COMMON = `$ErrorActionPreference = 'Stop'
$ProgressPreference = 'SilentlyContinue'
$temp = [IO.Path]::GetTempPath()
$dir = Join-Path $temp "fleet-drift.$nonce"
$packedFile = Join-Path $dir 'gz'
$retainedFile = Join-Path $dir 'retained'
function Hash([byte[]]$bytes) {
  $sha = New-Object Security.Cryptography.SHA256CryptoServiceProvider
  [BitConverter]::ToString($sha.ComputeHash($bytes)).Replace('-', '').ToLowerInvariant()
}
function Ours {
  param([string]$path)
  try {
    if (-not (Test-Path -PathType Container -LiteralPath $path)) { return $false }
    if ((Get-Item -Force -LiteralPath $path).Attributes -band [IO.FileAttributes]::ReparsePoint) { return $false }
    $owner = (Get-Acl -LiteralPath $path).GetOwner([Security.Principal.SecurityIdentifier]).Value
    return ($owner -eq 'S-1-5-18' -or $owner -eq 'S-1-5-32-544')
  } catch { return $false }
}
function Say([string]$text) { [Console]::Out.Write($text + "\`n") }
function Chunk([byte[]]$packed, [string]$bodySha256, [int]$index) {
  $from = $index * $chunkBytes
  $length = [Math]::Max(0, [Math]::Min($chunkBytes, $packed.Length - $from))
  $bytes = New-Object byte[] $length
  [Array]::Copy($packed, $from, $bytes, 0, $length)
  $text = [Convert]::ToBase64String($bytes)
  Say "FLEETDRIFT2 $nonce $($text.Length) $(Hash $bytes) $index $($packed.Length) $bodySha256"
  Say $text
  Say "FLEETDRIFT2-END $nonce"
}`

/** Prints one more chunk. */
export const CHUNK = `if ((Ours $dir) -and (Test-Path -LiteralPath $retainedFile)) {
  Chunk ([IO.File]::ReadAllBytes($packedFile)) ([IO.File]::ReadAllText($retainedFile)) $index
} else { Say 'fleet-drift: the folder of this run is gone' }`

/** Removes the folder. */
export const REMOVE = `if (Ours $dir) { Remove-Item -Recurse -Force -LiteralPath $dir }`
