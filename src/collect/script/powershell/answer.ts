/**
 * Packs the results and prints the first chunk. While they are more than a host may send, the largest is dropped, and
 * reported as truncated. An answer that does not fit in one reply is retained: a later command of the run removes it, a
 * waiting process after fifteen minutes, or the next run where Windows was restarted in between. Where the same command
 * arrives twice, the answer that was retained first counts.
 */
export const ANSWER = `function Pack {
  $head = New-Object Collections.Generic.List[string]
  $head.Add("host $env:AWS_SSM_INSTANCE_ID")
  $admin = ([Security.Principal.WindowsPrincipal][Security.Principal.WindowsIdentity]::GetCurrent()).IsInRole([Security.Principal.WindowsBuiltInRole]::Administrator)
  $head.Add("uid $(if ($admin) { 0 } else { 1 })")
  $machine = ''
  try { $machine = (Get-ItemProperty 'HKLM:\\SOFTWARE\\Microsoft\\Cryptography').MachineGuid -replace '-', '' } catch { }
  $head.Add("machine-id $machine".ToLowerInvariant())
  $head.Add('boot-id ')
  $head.Add("osquery $(if (-not $program) { 'none' } elseif ($mode) { 'osqueryd' } else { 'osqueryi' })")
  $body = New-Object IO.MemoryStream
  foreach ($result in $results) {
    $detail = '-'
    if ($result.status -ne 'ok' -and $result.detail) {
      $short = $result.detail.Substring(0, [Math]::Min(300, $result.detail.Length))
      $detail = [Convert]::ToBase64String([Text.Encoding]::UTF8.GetBytes($short))
    }
    $head.Add("query $($result.name) $($result.status) $($result.code) $($result.rows) $($result.out.Length) $(Hash $result.out) $detail")
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
while ($true) {
  $total = 0
  $largest = $null
  foreach ($result in $results) {
    $total += $result.out.Length
    if ($result.out.Length -gt 0 -and (-not $largest -or $result.out.Length -gt $largest.out.Length)) { $largest = $result }
  }
  if ($total -le $maxBytes) {
    $answer = Pack
    if ($answer.packed.Length -le $maxPacked -or -not $largest) { break }
  }
  $largest.status = 'truncated'
  $largest.detail = "$($largest.rows) rows ($($largest.out.Length) bytes) are more than a host may send"
  $largest.out = [byte[]]@()
}
foreach ($old in @(Get-ChildItem -LiteralPath $temp -Filter 'fleet-drift.*' -Force -ErrorAction SilentlyContinue)) {
  if ($old.Name -cmatch '^fleet-drift\\.[0-9a-f]{24}$' -and $old.LastWriteTimeUtc -lt [DateTime]::UtcNow.AddHours(-1) -and (Ours $old.FullName)) {
    Remove-Item -Recurse -Force -LiteralPath $old.FullName -ErrorAction SilentlyContinue
  }
}
if ($answer.packed.Length -gt $chunkBytes) {
  if (-not (Ours $dir)) {
    [void](New-Item -ItemType Directory -Path $dir)
    [void](& icacls.exe $dir /inheritance:r /grant:r '*S-1-5-18:(OI)(CI)F' '*S-1-5-32-544:(OI)(CI)F')
  }
  if (Test-Path -LiteralPath $retainedFile) {
    $answer = @{ packed = [IO.File]::ReadAllBytes($packedFile); sha256 = [IO.File]::ReadAllText($retainedFile) }
  } else {
    [IO.File]::WriteAllBytes($packedFile, $answer.packed)
    [IO.File]::WriteAllText($retainedFile, $answer.sha256)
    $quoted = $dir.Replace("'", "''")
    $clean = "function Ours { \${function:Ours} }; Start-Sleep 900; if (Ours '$quoted') { Remove-Item -Recurse -Force -LiteralPath '$quoted' }"
    $encoded = [Convert]::ToBase64String([Text.Encoding]::Unicode.GetBytes($clean))
    Start-Process powershell.exe -WindowStyle Hidden -ArgumentList '-NoProfile', '-NonInteractive', '-EncodedCommand', $encoded
  }
}
for ($index = 0; $index -eq 0 -or ($viaS3 -and $index * $chunkBytes -lt $answer.packed.Length); $index++) {
  Chunk $answer.packed $answer.sha256 $index
}`
