# A stand-in for Vivado in batch mode: runs a build script of ours and leaves files, the reports in the vendor's form.
# It knows no design: every cell, net and link is taken. What goes wrong is the word in the file 'fault' beside it.

set here [file dirname [file normalize [info script]]]
set handle [open [file join $here fault]]
set fault [string trim [read $handle]]
close $handle

proc text {path content} {
    file mkdir [file dirname $path]
    set handle [open $path w]
    puts -nonewline $handle $content
    close $handle
}
proc copied {sample path changes} {
    set handle [open [file join $::here samples $sample]]
    text $path [string map $changes [read $handle]]
    close $handle
}
proc option {arguments name} { lindex $arguments [expr {[lsearch -exact $arguments $name] + 1}] }
proc fails {word} { expr {$::fault eq $word} }

proc unknown {args} { return {} }
proc get_parts {args} { expr {[fails part] ? "" : "x"} }
proc get_board_parts {args} { expr {[fails board] ? "" : "x"} }
proc get_bd_addr_segs {args} { expr {[fails sight] ? "" : "/axi_dma_0/Data_MM2S/SEG_processing_system7_0_HP0_DDR_LOWOCM"} }
proc get_ipdefs {option vlnv} { expr {[fails ip] || ([fails net] && [string match *:hls:* $vlnv]) ? "" : "x"} }
proc create_project {name folder args} { set ::project $folder }
proc create_bd_cell {args} {
    lappend ::bd_cells [lindex $args end]
    if {![fails version]} { return }
    puts "ERROR: \[BD 5-216] VLNV <xilinx.com:ip:axi_dma:7.1> is not supported for the current part."
    error "ERROR: \[Common 17-39] 'create_bd_cell' failed due to earlier errors."
}
proc generate_target {args} {
    if {![fails hwh]} { text [file join $::project $::name.gen sources_1 bd $::name hw_handoff $::name.hwh] "<EDKSYSTEM/>\n" }
}
proc launch_runs {run args} {
    if {[fails disk]} { error "couldn't open \"$::project/$run.dcp\": no space left on device" }
    if {[fails slow]} {
        text [file join $::here runs] "[pid]\n"
        exec sh -c "echo \$\$ >> [file join $::here runs]; exec sleep 600"
    }
}
proc wait_on_run {run args} {
    if {[fails raises] || [fails ip_run]} {
        puts "ERROR: \[Common 17-39] 'wait_on_runs' failed due to earlier errors."
        error "ERROR: \[Common 17-39] 'wait_on_runs' failed due to earlier errors."
    }
    set told "set_msg_config -id {\[Synth 8-4445]} -new_severity ERROR\n"
    if {[fails rom]} { append told "CRITICAL WARNING: \[Synth 8-4445] could not open \$readmem data file 'x.mem'\n" }
    text [file join $::project $::name.runs ${::name}_accel_0_0_synth_1 runme.log] $told
    if {[fails synthesis] && $run eq "synth_1"} { puts "ERROR: \[Synth 8-439] module 'sw_mvu' not found" }
    if {$run eq "impl_1" && ![fails bit]} { text [file join $::project $::name.runs impl_1 ${::name}_wrapper.bit] "bits\n" }
}
proc get_runs {run} { lsearch -all -inline -glob {shiftwire_accel_0_0_synth_1 synth_1 impl_1} $run }
proc progress_of {run} {
    switch -glob $::fault,$run {
        synthesis,synth_1 - raises,synth_1 { return "48%" }
        incomplete,impl_1 { return "75%" }
        ip_run,shiftwire_accel* { return "51%" }
        ip_run,* { return "0%" }
        default { return "100%" }
    }
}
proc status_of {run} {
    if {[fails ip_run] && $run eq "synth_1"} { return "Not started" }
    expr {[fails incomplete] ? "route_design Running" : "synth_design ERROR"}
}
proc get_property {name run} {
    switch -glob $name {
        PROGRESS { progress_of $run }
        STATUS { status_of $run }
        STATS.TPWS { expr {[fails pulses] ? "-1.250" : ""} }
        STATS.FAILED_NETS { expr {[fails nets] ? 2 : ""} }
        STATS.WNS { expr {[fails setup] ? "-0.310" : "0.412"} }
        STATS.WHS { expr {[fails hold] ? "-0.042" : "0.021"} }
        default { return "" }
    }
}
proc report_utilization {args} {
    set blocks {"2345 |      1 |      1 |          0 |" "2345 |      1 |      1 |          2 |"}
    lappend blocks "2000 |      1 |      1 |          0 |" "2000 |      1 |      1 |          2 |"
    set sample [expr {"net_0" in $::bd_cells ? "utilization_built_hls.rpt" : "utilization_built.rpt"}]
    copied $sample [option $args -file] [expr {[fails unrouted] ? {"Routed" "Synthesized"} : [fails blocks] ? $blocks : ""}]
}
proc report_timing_summary {args} {
    set changes [expr {
        [fails setup] || [fails ungated] ? {" 0.412 " "-0.310 "} : [fails hold] ? {" 0.021 " "-0.042 "} :
        [fails pulse] ? {" 3.750 " "-0.125 "} : [fails clock] ? {10.000 20.000} : ""
    }]
    copied timing_built.rpt [option $args -file] $changes
    if {[fails cut]} { text [option $args -file] "| Tool Version : Vivado v.2022.2\n" }
}
proc report_power {args} {
    if {[fails binary]} { text [option $args -file] \x00; set h [open [option $args -file] wb]; puts $h \xff\xfe\xff; close $h; return }
    if {![fails power]} { copied power_routed.rpt [option $args -file] "" }
}
proc write_hw_platform {args} { if {![fails xsa]} { text [option $args -file] "xsa\n" } }

source [option $argv -source]
