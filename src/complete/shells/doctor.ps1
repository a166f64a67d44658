# PowerShell completion of kubectl-doctor: kubectl-doctor completion powershell | Out-String | Invoke-Expression
Register-ArgumentCompleter -Native -CommandName 'kubectl-doctor' -ScriptBlock {
    param($wordToComplete, $commandAst, $cursorPosition)
    $before = @($commandAst.CommandElements | Where-Object { $_.Extent.EndOffset -lt $cursorPosition } | ForEach-Object { $_.Extent.Text })
    $arguments = @($before | Select-Object -Skip 1)
    # An empty word is lost on the way to a program.
    $arguments += if ($wordToComplete) { $wordToComplete } else { '""' }
    $flag = if ($wordToComplete -match '^-[^=]*=') { $Matches[0] } else { '' }
    & $before[0] __complete @arguments 2>$null | Where-Object { $_ -notmatch '^:\d+$' } | ForEach-Object {
        $value, $about = $_ -split "`t", 2
        if (-not $about) { $about = $value }
        [System.Management.Automation.CompletionResult]::new("$flag$value", $value, 'ParameterValue', $about)
    }
}
