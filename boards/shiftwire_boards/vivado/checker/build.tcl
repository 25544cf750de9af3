# Stand-ins for the second half of a build: runs, reports and files. No file is touched: v::files holds what would be there.

# what an earlier build left under the final names
proc leave_stale {} {
    set folder [file dirname $::v::script]
    foreach ending {bit hwh xsa} { dict set ::v::files [file join $folder $::v::name.$ending] 1000 }
    foreach report {utilization timing_summary power} { dict set ::v::files [file join $folder $report.rpt] 1000 }
}
proc make {path} {
    set tail [file tail $path]
    if {$::v::defect eq "missing:$tail"} { return }
    dict set ::v::files $path [expr {$::v::defect eq "empty:$tail" ? 0 : 1000}]
}
rename file real_file
proc file {what args} {
    switch -exact $what {
        exists { return [dict exists $::v::files [lindex $args end]] }
        size {
            set path [lindex $args end]
            if {![dict exists $::v::files $path]} { error "could not read \"$path\": no such file or directory" }
            return [dict get $::v::files $path]
        }
        copy {
            lassign [lrange $args end-1 end] from to
            if {![dict exists $::v::files $from]} { error "error copying \"$from\": no such file or directory" }
            make $to
            if {[dict exists $::v::files $to] && ![dict get $::v::files $from]} { dict set ::v::files $to 0 }
        }
        delete {
            foreach path $args {
                if {[file dirname $path] ne [file dirname $::v::script]} { fault "a build script of ours deletes $path" }
                dict unset ::v::files $path
            }
        }
        rename - mkdir { fault "a build script of ours does no 'file $what'" }
        default { return [real_file $what {*}$args] }
    }
}
proc glob {args} {
    set pattern [lindex $args end]
    set found {}
    set patterns [list $pattern]
    if {[regexp {^(.*)\{([^{}]*)\}(.*)$} $pattern all before choices after]} {
        set patterns [lmap choice [split $choices ,] { string cat $before $choice $after }]
    }
    foreach each $patterns { lappend found {*}[dict keys $::v::files $each] {*}[dict keys $::v::logs $each] }
    if {![llength $found] && "-nocomplain" ni $args} { error "no files matched glob pattern \"$pattern\"" }
    return $found
}
# logs alone are read
rename open {}
proc open {path args} {
    if {![dict exists $::v::logs $path]} { error "couldn't open \"$path\": no such file or directory" }
    return $path
}
proc read {path} { dict get $::v::logs $path }
proc close {path} {}
proc option {arguments name} {
    set at [lsearch -exact $arguments $name]
    if {$at < 0} { fault "no $name in: $arguments"; return "" }
    return [lindex $arguments $at+1]
}

proc validate_bd_design {args} { note validate_bd_design }
proc save_bd_design {args} { needs validate_bd_design "save_bd_design before validate_bd_design"; note save_bd_design }
proc make_wrapper {args} {
    if {[option $args -files] ne "file:$::v::bd.bd"} { fault "make_wrapper of another file: $args" }
    needs save_bd_design "make_wrapper before save_bd_design"
    note make_wrapper
}
proc generate_target {what object} {
    if {$object ne "file:$::v::bd.bd"} { fault "generate_target of another file: $object" }
    make [file join $::v::project $::v::bd.gen sources_1 bd $::v::bd hw_handoff $::v::bd.hwh]
    note generate_target
}
proc launch_runs {run args} {
    foreach {what words} {
        validate_bd_design "a run is launched before validate_bd_design"
        make_wrapper "a run is launched without make_wrapper"
        top "a run is launched before top is set"
        generate_target "a run is launched before generate_target"
        empty_rom "a run is launched while an empty ROM is no error: set_msg_config"
    } { needs $what $words }
    if {$run eq "impl_1" && "write_bitstream" ni $args} { fault "impl_1 is launched without -to_step write_bitstream" }
    if {$run eq "impl_1"} { needs wait:synth_1 "impl_1 is launched before synth_1 has ended" }
    note launch:$run
}
proc wait_on_run {run args} {
    if {"-timeout" in $args} { fault "wait_on_run with -timeout returns from a run that has not ended" }
    needs launch:$run "wait_on_run before launch_runs: $run"
    note wait:$run
    foreach each [get_runs [expr {$run eq "synth_1" ? "*synth_1" : $run}]] { say [named run $each] }
    if {"raises:$run" eq $::v::defect || ($run eq "synth_1" && [string match ip_run:* $::v::defect])} {
        error "ERROR: \[Common 17-39\] 'wait_on_runs' failed due to earlier errors."
    }
    if {$run eq "impl_1"} { make [file join $::v::project $::v::bd.runs impl_1 ${::v::bd}_wrapper.bit] }
}
# what a run writes; ours begins with the settings of messages, which name what they are about
proc say {run} {
    set text "set_msg_config -id {\[Synth 8-4445\]} -new_severity ERROR\n"
    if {$::v::defect eq "rom:$run"} {
        append text "CRITICAL WARNING: \[Synth 8-4445\] could not open \$readmem data file 'network_fc1_mvu.mem'; please make sure\n"
    }
    dict set ::v::logs [file join $::v::project $::v::bd.runs $run runme.log] $text
}
# how far a run came; that of the design waits for those of its IPs
proc progress_of {run} {
    set kind [lindex [split $run _] end-1]
    set is_ip [expr {$run ni {synth_1 impl_1}}]
    switch -glob $::v::defect {
        synth - impl { if {$kind eq $::v::defect && !$is_ip} { return 34% } }
        ip_run:* {
            if {!$is_ip} { return 0% }
            return [expr {[string match *_[lindex [split $::v::defect :] 1]_0_0_* $run] ? "51%" : "100%"}]
        }
        default { if {$::v::defect eq "raises:$run"} { return 34% } }
    }
    return [expr {$is_ip || [is_done wait:$run] ? "100%" : "0%"}]
}
proc get_property {name object} {
    if {![string match run:* $object]} { fault "get_property $name of '$object'"; return "" }
    set run [named run $object]
    switch -exact $name {
        PROGRESS { return [progress_of $run] }
        STATUS { return [expr {[progress_of $run] eq "100%" ? "Complete!" : "ERROR"}] }
        STATS.WNS { return [expr {$::v::defect eq "setup" ? -0.213 : $::v::defect eq "unrouted" ? "" : 0.123}] }
        STATS.WHS { return [expr {$::v::defect eq "hold" ? -0.051 : 0.021}] }
        STATS.TPWS { return [expr {$::v::defect eq "pulses" ? -0.4 : $::v::defect eq "unrouted" ? "" : 0.0}] }
        STATS.FAILED_NETS { return [expr {$::v::defect eq "nets" ? 3 : 0}] }
        default { fault "unknown property of a run: $name"; return "" }
    }
}
proc open_run {run} { needs wait:$run "open_run before its run has ended"; note open_run }
foreach report {report_utilization report_timing_summary report_power} {
    proc $report {args} "needs open_run {$report before open_run}; make \[option \$args -file\]; note $report"
}
proc write_hw_platform {args} {
    if {"-include_bit" ni $args} { fault "the .xsa is written without -include_bit" }
    if {"-fixed" ni $args} { fault "the .xsa is written without -fixed" }
    make [option $args -file]
}
