import { gzipSync } from 'node:zlib'
import type { Query } from '../../osquery/pack.ts'
import { CHUNK_BYTES, MAX_PACKED_BYTES } from '../protocol/limits.ts'
import { FACT_QUERIES } from './build.ts'

/**
 * The collector for Windows PowerShell 5.1, with the same protocol as the POSIX script (posix/). An answer that does
 * not fit in one reply is retained in a folder that only SYSTEM and administrators may open. A later command of the run
 * removes it, or a waiting process after fifteen minutes.
 */

const COMMON = `$ErrorActionPreference = 'Stop'
$ProgressPreference = 'SilentlyContinue'
$dir = Join-Path ([IO.Path]::GetTempPath()) "fleet-drift.$nonce"
function Hash([byte[]]$bytes) {
  $sha = [Security.Cryptography.SHA256]::Create()
  (($sha.ComputeHash($bytes) | ForEach-Object { $_.ToString('x2') }) -join '')
}
function Ours([string]$path) {
  if (-not (Test-Path -PathType Container -LiteralPath $path)) { return $false }
  if ((Get-Item -Force -LiteralPath $path).Attributes -band [IO.FileAttributes]::ReparsePoint) { return $false }
  $owner = (Get-Acl -LiteralPath $path).GetOwner([Security.Principal.SecurityIdentifier]).Value
  $owner -eq 'S-1-5-18' -or $owner -eq 'S-1-5-32-544'
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

const COLLECT = `$errorLine = '(?m)^(Error|E[0-9]+ )'
$blindLine = '(?m)^W[0-9]+ .*(is event-based but events are disabled|returns data based on the current user|queried without a required column)'
function Quote([string]$text) { '"' + (($text -replace '(\\\\*)"', '$1$1\\"') -replace '(\\\\+)$', '$1$1') + '"' }
function Run([string]$program, [string]$sql, [int]$seconds) {
  $start = New-Object Diagnostics.ProcessStartInfo
  $start.FileName = $program
  $start.Arguments = $mode + '--config_path=NUL --flagfile=NUL --disable_extensions --json ' + (Quote (' ' + $sql))
  $start.UseShellExecute = $false
  $start.CreateNoWindow = $true
  $start.RedirectStandardInput = $true
  $start.RedirectStandardOutput = $true
  $start.RedirectStandardError = $true
  $process = [Diagnostics.Process]::Start($start)
  try { $process.PriorityClass = 'BelowNormal' } catch { }
  $process.StandardInput.Close()
  $out = New-Object IO.MemoryStream
  $copy = $process.StandardOutput.BaseStream.CopyToAsync($out)
  $errors = $process.StandardError.ReadToEndAsync()
  if (-not $process.WaitForExit($seconds * 1000)) {
    try { $process.Kill() } catch { }
    return @{ status = 'timeout'; code = 124; out = [byte[]]@(); detail = "it ran longer than $seconds s" }
  }
  [void]$copy.Wait(5000)
  [void]$errors.Wait(5000)
  $detail = [string]$errors.Result
  $bytes = $out.ToArray()
  $status = 'ok'
  if ($process.ExitCode -ne 0) { $status = 'failed' }
  elseif ($detail -match $errorLine -or $detail -match $blindLine) {
    if ([Array]::IndexOf($bytes, [byte]123) -ge 0) { $status = 'incomplete' } else { $status = 'failed' }
  }
  if ($status -eq 'failed' -and $detail -match 'no such table') { $status = 'unsupported' }
  if ($status -ne 'ok') {
    $lines = @($detail -split "\`r?\`n")
    $words = @($lines -match '^Error')
    if ($words.Count -eq 0) { $words = @($lines | Where-Object { $_ -match $errorLine -or $_ -match $blindLine }) }
    if ($words.Count -gt 0) { $detail = $words -join "\`n" }
    if (-not $detail.Trim()) { $detail = "osquery ended with exit code $($process.ExitCode)" }
  }
  if ($status -ne 'ok' -and $status -ne 'incomplete') { $bytes = [byte[]]@() }
  @{ status = $status; code = $process.ExitCode; out = $bytes; detail = $detail }
}
function Pack($results, [string]$program) {
  $head = New-Object Collections.Generic.List[string]
  $head.Add("host $env:AWS_SSM_INSTANCE_ID")
  $admin = ([Security.Principal.WindowsPrincipal][Security.Principal.WindowsIdentity]::GetCurrent()).IsInRole([Security.Principal.WindowsBuiltInRole]::Administrator)
  $head.Add("uid $(if ($admin) { 0 } else { 1 })")
  $machine = ''
  try { $machine = (Get-ItemProperty 'HKLM:\\SOFTWARE\\Microsoft\\Cryptography').MachineGuid -replace '-', '' } catch { }
  $head.Add("machine-id $machine".ToLower())
  $head.Add('boot-id ')
  $head.Add("osquery $(if (-not $program) { 'none' } elseif ($mode) { 'osqueryd' } else { 'osqueryi' })")
  $body = New-Object IO.MemoryStream
  foreach ($result in $results) {
    $text = [Text.Encoding]::UTF8.GetString($result.out)
    $rows = [regex]::Matches($text, '(?m)^[ \\t]*\\{').Count
    $detail = '-'
    if ($result.status -ne 'ok' -and $result.detail) {
      $short = $result.detail.Substring(0, [Math]::Min(300, $result.detail.Length))
      $detail = [Convert]::ToBase64String([Text.Encoding]::UTF8.GetBytes($short))
    }
    $head.Add("query $($result.name) $($result.status) $($result.code) $rows $($result.out.Length) $(Hash $result.out) $detail")
  }
  $head.Add("end $($results.Count)")
  $top = [Text.Encoding]::UTF8.GetBytes(($head -join "\`n") + "\`n")
  $body.Write($top, 0, $top.Length)
  foreach ($result in $results) { $body.Write($result.out, 0, $result.out.Length) }
  $bytes = $body.ToArray()
  $packed = New-Object IO.MemoryStream
  $gzip = New-Object IO.Compression.GZipStream($packed, [IO.Compression.CompressionMode]::Compress, $true)
  $gzip.Write($bytes, 0, $bytes.Length)
  $gzip.Close()
  @{ packed = $packed.ToArray(); sha256 = (Hash $bytes) }
}
$program = $null
$mode = ''
foreach ($path in @('osquery\\osqueryi.exe', 'osquery\\osqueryd\\osqueryd.exe', 'Orbit\\bin\\osqueryd\\windows\\stable\\osqueryd.exe', 'Kolide\\Launcher-kolide-k2\\bin\\osqueryd.exe')) {
  $path = Join-Path $env:ProgramFiles $path
  if (-not $program -and (Test-Path -PathType Leaf $path)) { $program = $path }
}
foreach ($name in @('osqueryi.exe', 'osqueryd.exe')) {
  $found = Get-Command $name -ErrorAction SilentlyContinue
  if (-not $program -and $found) { $program = $found.Path }
}
if ($program -like '*osqueryd.exe') { $mode = '-S ' }
$began = Get-Date
$results = New-Object Collections.Generic.List[object]
if ($program) {
  foreach ($query in $queries) {
    $left = [int]($budget - ((Get-Date) - $began).TotalSeconds)
    $seconds = [Math]::Min($limit, $left)
    if ($seconds -le 0) { $answer = @{ status = 'timeout'; code = '-'; out = [byte[]]@(); detail = 'not run: the time for all queries was used up' } }
    else {
      try { $answer = Run $program ([Text.Encoding]::UTF8.GetString([Convert]::FromBase64String($query[1]))) $seconds }
      catch { $answer = @{ status = 'failed'; code = 1; out = [byte[]]@(); detail = [string]$_ } }
    }
    $answer.name = $query[0]
    $results.Add($answer)
  }
}
$answer = Pack $results $program
while ($answer.packed.Length -gt $maxPacked) {
  $largest = $results | Where-Object { $_.out.Length -gt 0 } | Sort-Object { $_.out.Length } -Descending | Select-Object -First 1
  if (-not $largest) { break }
  $largest.status = 'truncated'
  $largest.detail = "its rows ($($largest.out.Length) bytes) are more than a host may send"
  $largest.out = [byte[]]@()
  $answer = Pack $results $program
}
if ($answer.packed.Length -gt $chunkBytes) {
  [void](New-Item -ItemType Directory -Path $dir)
  [void](& icacls.exe $dir /inheritance:r /grant:r '*S-1-5-18:(OI)(CI)F' '*S-1-5-32-544:(OI)(CI)F')
  [IO.File]::WriteAllBytes((Join-Path $dir 'gz'), $answer.packed)
  [IO.File]::WriteAllText((Join-Path $dir 'retained'), $answer.sha256)
  $clean = "Start-Sleep 900; Remove-Item -Recurse -Force -LiteralPath '$dir'"
  $encoded = [Convert]::ToBase64String([Text.Encoding]::Unicode.GetBytes($clean))
  Start-Process powershell.exe -WindowStyle Hidden -ArgumentList '-NoProfile', '-EncodedCommand', $encoded
}
Chunk $answer.packed $answer.sha256 0
for ($index = 1; $viaS3 -and ($index * $chunkBytes -lt $answer.packed.Length); $index++) { Chunk $answer.packed $answer.sha256 $index }`

const CHUNK = `if ((Ours $dir) -and (Test-Path (Join-Path $dir 'retained'))) {
  Chunk ([IO.File]::ReadAllBytes((Join-Path $dir 'gz'))) ([IO.File]::ReadAllText((Join-Path $dir 'retained'))) $index
} else { Say 'fleet-drift: the folder of this run is gone' }`

const REMOVE = `if (Ours $dir) { Remove-Item -Recurse -Force -LiteralPath $dir }`

/** In base64, because PowerShell also ends a string in single quotes at U+2018 to U+201B: SQL is never code. */
function encoded(sql: string): string {
  return Buffer.from(sql).toString('base64')
}

const constants = (nonce: string): string[] => [
  `$nonce = '${nonce}'`,
  `$chunkBytes = ${CHUNK_BYTES}`,
  `$maxPacked = ${MAX_PACKED_BYTES}`
]

/** The script that runs the queries and prints the first chunk. */
export function windowsCollector(
  queries: readonly Pick<Query, 'name' | 'sql'>[],
  options: {
    readonly nonce: string
    readonly budgetSeconds: number
    readonly querySeconds: number
    readonly viaS3: boolean
  }
): string {
  const entries = [...FACT_QUERIES, ...queries].map(({ name, sql }) => `  @('${name}', '${encoded(sql)}')`)
  return [
    ...constants(options.nonce),
    `$budget = ${options.budgetSeconds}`,
    `$limit = ${options.querySeconds}`,
    `$viaS3 = $${options.viaS3}`,
    `$queries = @(\n${entries.join(',\n')}\n)`,
    COMMON,
    COLLECT,
    ''
  ].join('\n')
}

/** The script that prints one more chunk. */
export function windowsChunk(nonce: string, index: number): string {
  return [...constants(nonce), `$index = ${index}`, COMMON, CHUNK, ''].join('\n')
}

/** The script that removes what the run left. */
export function windowsRemove(nonce: string): string {
  return [...constants(nonce), COMMON, REMOVE, ''].join('\n')
}

/** The lines for the `commands` parameter of AWS-RunPowerShellScript; it always exits 0. */
export function encodeForWindows(script: string): string[] {
  return [
    `$s = '${gzipSync(script, { level: 9 }).toString('base64')}'`,
    'try {',
    '  $m = New-Object IO.MemoryStream(, [Convert]::FromBase64String($s))',
    '  $g = New-Object IO.Compression.GZipStream($m, [IO.Compression.CompressionMode]::Decompress)',
    '  $r = New-Object IO.StreamReader($g, [Text.Encoding]::UTF8)',
    '  Invoke-Expression $r.ReadToEnd()',
    '} catch { [Console]::Out.Write(\'fleet-drift: the collector failed on this host\' + "`n") }',
    'exit 0'
  ]
}
