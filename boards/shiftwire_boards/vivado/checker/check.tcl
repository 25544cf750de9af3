# Runs a build script under stand-ins for Vivado, once as all goes well and once for each thing that can go wrong.
# usage: tclsh check.tcl SCRIPT NAME PART MHZ VLNV FOLDER INPUT_BITS OUTPUT_BITS [VLNV FOLDER INPUT_BITS OUTPUT_BITS]
# The last four are those of a network that is an IP of its own; folders are of IPs, as seen from the script's.
# The second kind waits until the first finds nothing. Prints 'ERR <fault>' for each fault and ends with 1, or one line
# 'OK ...' and ends with 0.

package require Tcl 8.6
if {[llength $argv] ni {8 12}} {
    puts stderr "usage: tclsh check.tcl SCRIPT NAME PART MHZ VLNV FOLDER INPUT_BITS OUTPUT_BITS \[the same of the network]"
    exit 2
}
lassign $argv script name part mhz vlnv folder input output net_vlnv net_folder net_input net_output
set has_network [expr {[llength $argv] == 12}]
set repos [dict create $vlnv $folder]
if {$has_network} { dict set repos $net_vlnv $net_folder }
set here [file dirname [file normalize [info script]]]

# what goes wrong, and how the fault reads where a script does not stop
set defects {
    part "this Vivado lacks the part"
    board "the board files are not installed: ask get_board_parts"
    ip:accel "the IP is not found: ask get_ipdefs"
    synth "synthesis failed: read PROGRESS of synth_1"
    impl "implementation failed: read PROGRESS of impl_1"
    setup "setup time is not met: read STATS.WNS"
    unrouted "there is no setup slack: STATS.WNS may be empty"
    hold "hold time is not met: read STATS.WHS"
    pulses "pulses are too short: read STATS.TPWS"
    nets "nets are not routed: read STATS.FAILED_NETS"
    raises:synth_1 "wait_on_run raises, as newer versions do: catch it, then read PROGRESS of synth_1"
    raises:impl_1 "wait_on_run raises, as newer versions do: catch it, then read PROGRESS of impl_1"
    ip_run:accel "the run of an IP failed, so that synth_1 never starts: read PROGRESS of every *synth_1"
    sight:axi_dma_0/Data_MM2S "the DMA does not see DDR for reading: ask for its segment DDR_LOW"
    sight:axi_dma_0/Data_S2MM "the DMA does not see DDR for writing: ask for its segment DDR_LOW"
    rom:synth_1 "a ROM is empty: look for Synth 8-4445 in every runme.log"
    rom:shiftwire_accel_0_0_synth_1 "a ROM of the IP is empty: look for Synth 8-4445 in every runme.log"
}
if {$has_network} {
    lappend defects ip:net "the network's IP is not found: ask get_ipdefs"
    lappend defects ip_run:net "the run of the network's IP failed: read PROGRESS of every *synth_1"
    lappend defects rom:shiftwire_net_0_0_synth_1 "a ROM of the network is empty: look for Synth 8-4445 in every runme.log"
}

# what a sentence must hold, by defects: the log to read, or the message that it is about
set telling {
    synth runs/run:synth_1/runme.log impl runs/run:impl_1/runme.log
    raises:synth_1 runs/run:synth_1/runme.log raises:impl_1 runs/run:impl_1/runme.log
    ip_run:accel runs/run:shiftwire_accel_0_0_synth_1/runme.log ip_run:net runs/run:shiftwire_net_0_0_synth_1/runme.log
    rom:synth_1 "Synth 8-4445" rom:shiftwire_accel_0_0_synth_1 "Synth 8-4445" rom:shiftwire_net_0_0_synth_1 "Synth 8-4445"
}
dict set telling ip:accel $vlnv
dict set telling ip:net $net_vlnv

# Vivado's answer to a script under a defect: the Tcl error or "", the faults, and the files it would have left
proc answer {defect} {
    set vivado [interp create]
    set facts [list script [file normalize $::script] name $::name part $::part mhz $::mhz defect $defect]
    lappend facts repos $::repos accelerator $::vlnv network $::net_vlnv
    dict for {variable value} $facts { $vivado eval [list namespace eval v [list variable $variable $value]] }
    foreach file {cells stub build judge} { $vivado eval [list source [file join $::here $file.tcl]] }
    set inner [expr {$::has_network ? [list $::net_input $::net_output] : {}}]
    $vivado eval [list cells::add_accelerator $::vlnv $::input $::output $inner]
    if {$::has_network} { $vivado eval [list cells::add_network $::net_vlnv $::net_input $::net_output] }
    $vivado eval {
        foreach command {exec socket cd exit} { rename $command {} }
        rename puts {}
        proc puts {args} {}
        proc unknown {args} { fault "unknown command: [lindex $args 0]"; return "" }
    }
    $vivado eval leave_stale
    $vivado limit commands -value 1000000
    set status [catch { $vivado eval [list source [file normalize $::script]] } message]
    if {!$status && $defect eq ""} { $vivado eval judge }
    $vivado limit commands -value {}
    set result [list [expr {$status ? "stopped: $message" : ""}]]
    foreach fact {
        {set v::faults} {dict keys $v::files} {dict size $v::cells} {llength $v::nets} {expr {[dict size $v::link_of] / 2}}
    } { lappend result [$vivado eval $fact] }
    interp delete $vivado
    return $result
}

lassign [answer ""] stopped faults files cells nets links
if {$stopped ne ""} {
    lappend faults "the script $stopped"
} elseif {![llength $faults]} {
    foreach file $files {
        lappend defects missing:[file tail $file] "no [file tail $file] was made: look for it at the end"
        lappend defects empty:[file tail $file] "[file tail $file] is empty: look at its size at the end"
    }
    dict for {defect words} $defects {
        lassign [answer $defect] stopped - left
        if {$stopped eq ""} { lappend faults "goes on where $words" }
        if {$stopped ne "" && [dict exists $telling $defect] && [string first [dict get $telling $defect] $stopped] < 0} {
            lappend faults "stops without a word of [dict get $telling $defect] where $words"
        }
        if {[string first "Complete!" $stopped] >= 0} { lappend faults "tells of a run that is complete where $words" }
        if {[file join [file dirname [file normalize $script]] $name.bit] in $left} { lappend faults "leaves $name.bit where $words" }
    }
}
foreach fault $faults { puts "ERR $fault" }
if {[llength $faults]} { exit 1 }
puts "OK $cells cells, $nets nets, $links links; [dict size $defects] faults of a build stop it"
