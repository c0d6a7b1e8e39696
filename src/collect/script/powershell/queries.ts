/**
 * Finds osquery and runs the queries, `$queries`: a name and a statement in base64 each. Statuses mean what they mean in
 * the POSIX script (posix/queries.ts): an error line means that rows may be missing, and so do some warnings; where there
 * is no row, any words that are not from osquery's log are an error.
 *
 * -cmatch, because -match ignores case.
 */
export const QUERIES = `$errorLine = '^Error'
$problemLine = '^E[0-9]+ |^W[0-9]+ .*(is event-based but events are disabled|returns data based on the current user|queried without a required column|\\] (Cannot|Could not|Unable to|Failed to|Error |Timed out))'
function Quote([string]$text) { '"' + (($text -replace '(\\\\*)"', '$1$1\\"') -replace '(\\\\+)$', '$1$1') + '"' }
function Failed([string]$status, $code, [string]$detail) {
  @{ status = $status; code = $code; out = [byte[]]@(); rows = 0; detail = $detail }
}
function Run([string]$program, [string]$sql, [int]$seconds) {
  $start = New-Object Diagnostics.ProcessStartInfo
  $start.FileName = $program
  $start.Arguments = $mode + "--config_path=NUL --flagfile=NUL --disable_extensions --read_max=$readMax --json " + (Quote (' ' + $sql))
  $start.UseShellExecute = $false
  $start.CreateNoWindow = $true
  $start.RedirectStandardInput = $true
  $start.RedirectStandardOutput = $true
  $start.RedirectStandardError = $true
  $running = [Diagnostics.Stopwatch]::StartNew()
  $process = [Diagnostics.Process]::Start($start)
  try { $process.PriorityClass = 'BelowNormal' } catch { }
  $process.StandardInput.Close()
  $out = New-Object IO.MemoryStream
  $copy = $process.StandardOutput.BaseStream.CopyToAsync($out)
  $errors = $process.StandardError.ReadToEndAsync()
  while (-not $process.WaitForExit(200)) {
    $isLong = $running.Elapsed.TotalSeconds -ge $seconds
    if (-not $isLong -and $out.Length -le $maxOutput) { continue }
    try { $process.Kill() } catch { }
    if ($isLong) { return (Failed 'timeout' 124 "it ran longer than $seconds s") }
    return (Failed 'truncated' 1 'more output than a query may have')
  }
  $isWhole = $copy.Wait(5000)
  $words = ''
  if ($errors.Wait(5000)) { $words = [string]$errors.Result }
  $code = $process.ExitCode
  $bytes = $out.ToArray()
  if ($bytes.Length -gt $maxOutput) { return (Failed 'truncated' $code 'more output than a query may have') }
  $text = [Text.Encoding]::UTF8.GetString($bytes)
  $printed = $text.Trim()
  $lines = @($words -split "\`r?\`n" | Where-Object { $_.Trim() })
  $problems = @($lines -cmatch $errorLine) + @($lines -cmatch $problemLine)
  $last = @($lines | Select-Object -Last 3) -join "\`n"
  $detail = ''
  if ($problems.Count -gt 0) { $detail = $problems[0] }
  if ($code -ne 0) {
    if (-not $detail) { $detail = $last }
    if (-not $detail -and $code -lt 0) { $detail = 'osquery crashed (0x{0:X8})' -f $code }
    if (-not $detail) { $detail = "osquery ended with exit code $code" }
    if ($detail -cmatch 'no such table') { return (Failed 'unsupported' $code $detail) }
    return (Failed 'failed' $code $detail)
  }
  if (-not $printed) {
    if (-not $detail) { $detail = $last }
    if (-not $detail) { $detail = 'it printed nothing' }
    return (Failed 'failed' $code $detail)
  }
  if (-not $printed.StartsWith('[')) { return (Failed 'failed' $code 'it printed something other than a list of rows') }
  if (-not $isWhole -or -not $printed.EndsWith(']')) { return (Failed 'failed' $code 'its output was cut') }
  $status = 'ok'
  if ($printed -cmatch '^\\[\\s*\\{') { if ($detail) { $status = 'incomplete' } }
  else {
    $others = @($lines -cnotmatch '^[IW][0-9]+ ')
    if (-not $detail -and $others.Count -gt 0) { $detail = $others[0] }
    if ($detail) { return (Failed 'failed' $code $detail) }
  }
  $rows = [regex]::Matches($text, '(?m)^[ \\t]*\\{').Count
  @{ status = $status; code = $code; out = $bytes; rows = $rows; detail = $detail }
}
$program = $null
$mode = ''
$programFiles = $env:ProgramFiles
if ($env:ProgramW6432) { $programFiles = $env:ProgramW6432 }
foreach ($path in @('osquery\\osqueryi.exe', 'osquery\\osqueryd\\osqueryd.exe', 'Orbit\\bin\\osqueryd\\windows\\stable\\osqueryd.exe', 'Kolide\\Launcher-kolide-k2\\bin\\osqueryd.exe')) {
  $place = Join-Path $programFiles $path
  if (-not $program -and (Test-Path -PathType Leaf -LiteralPath $place)) { $program = $place }
}
foreach ($name in @('osqueryi.exe', 'osqueryd.exe')) {
  $found = Get-Command $name -CommandType Application -ErrorAction SilentlyContinue | Select-Object -First 1
  if (-not $program -and $found) { $program = $found.Path }
}
if ($program -like '*osqueryd.exe') { $mode = '-S ' }
$clock = [Diagnostics.Stopwatch]::StartNew()
$results = New-Object Collections.Generic.List[object]
if ($program) {
  foreach ($query in $queries) {
    $left = [int]($budget - $clock.Elapsed.TotalSeconds)
    $seconds = [Math]::Min($limit, $left)
    if ($seconds -le 0) { $answer = Failed 'timeout' '-' 'not run: the time for all queries was used up' }
    else {
      try { $answer = Run $program ([Text.Encoding]::UTF8.GetString([Convert]::FromBase64String($query[1]))) $seconds }
      catch { $answer = Failed 'failed' 1 ([string]$_) }
    }
    $answer.name = $query[0]
    $results.Add($answer)
  }
}`
