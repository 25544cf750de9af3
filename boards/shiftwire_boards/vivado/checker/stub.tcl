# Vivado's commands as far as a build script of ours calls them: they build a model of the block design and of the files
# that a build makes, and note every fault in v::faults. v::defect names what goes wrong in this run, '' for nothing.

package require Tcl 8.6
# in a namespace of its own: a script's variables are global
namespace eval v {
    variable faults {}
    variable cells {}    ;# name -> {vlnv settings preset set}
    variable nets {}     ;# list of lists of pins
    variable net_of {}   ;# pin -> index of its net
    variable link_of {}  ;# interface -> its other end
    variable segments {}  ;# interface -> {base size}
    variable done {}     ;# what has been called, by name
    variable files {}    ;# path -> size, of files that the build makes
    variable logs {}     ;# path -> text, of what runs say
    variable asked {}    ;# what the script asked for
    variable project ""
    variable bd ""
    variable ip_folders {}
}

proc fault {text} { if {$text ni $::v::faults} { lappend ::v::faults $text } }
proc note {what} { dict set ::v::done $what 1 }
proc is_done {what} { dict exists $::v::done $what }
proc needs {what words} { if {![is_done $what]} { fault $words } }

# ---- objects: kind:name ----
proc named {kind object} {
    if {![string match $kind:* $object]} { fault "wanted a $kind, found '$object'"; return "" }
    return [string range $object [string length $kind:] end]
}
proc vlnv_of {cell} { dict get $::v::cells $cell vlnv }
proc ends_of {cell} { cells::ends [vlnv_of $cell] [dict get $::v::cells $cell settings] }
proc end_of {which path} {
    lassign [split $path /] cell name
    if {![dict exists $::v::cells $cell]} { fault "no such cell: $path"; return "" }
    set ends [lindex [ends_of $cell] $which]
    if {[dict exists $ends $name]} { return [dict get $ends $name] }
    fault "no such [lindex {pin interface} $which]: $path"
    return ""
}
proc get_bd_cells {name} {
    if {![dict exists $::v::cells $name]} { fault "no such cell: $name" }
    return cell:$name
}
proc get_bd_pins {path} { end_of 0 $path; return pin:$path }
proc get_bd_intf_pins {path} { end_of 1 $path; return intf:$path }
proc get_bd_addr_spaces {path} {
    lassign [split $path /] cell name
    if {![dict exists $::v::cells $cell] || $name ni {Data Data_MM2S Data_S2MM}} { fault "no such address space: $path" }
    return space:$path
}
proc get_bd_addr_segs {args} {
    lassign [lrange $args end-1 end] option object
    if {[string match space:* $object]} {
        needs assign_bd_address "what the DMA sees is asked for before assign_bd_address"
        set space [named space $object]
        return [expr {$::v::defect eq "sight:$space" ? "" : "/$space/SEG_processing_system_HP0_DDR_LOWOCM"}]
    }
    if {$option ne "-of_objects"} { fault "get_bd_addr_segs takes -of_objects here" }
    return seg:[named intf $object]
}
proc own_cells {} { lmap cell [dict keys $::v::cells] { expr {[vlnv_of $cell] in [dict keys $::v::repos] ? $cell : [continue]} } }
# an IP of ours in the block design has a run of its own
proc get_runs {pattern} {
    set runs [lmap cell [own_cells] { string cat ${::v::bd}_${cell}_0_synth_1 }]
    set found [lsearch -all -inline -glob [list {*}$runs synth_1 impl_1] $pattern]
    if {![llength $found]} { fault "no such run: $pattern" }
    return [lmap run $found { string cat run: $run }]
}
proc get_files {name} { return file:$name }
proc current_project {} { return project:x }
proc current_fileset {} { return fileset:sources_1 }

# ---- project ----
proc get_parts {option part} { expr {$::v::defect eq "part" ? "" : $part} }
proc get_board_parts {option pattern} {
    if {$::v::defect eq "board"} { return "" }
    set found [lmap release {1.4 1.10 1.2} { string map [list * $release] $pattern }]
    dict set ::v::asked board [lindex $found 1]
    return $found
}
proc set_msg_config {args} {
    if {[option $args -id] eq {[Synth 8-4445]} && [option $args -new_severity] eq "ERROR"} { note empty_rom }
}
proc get_ipdefs {option vlnv} {
    needs update_ip_catalog "get_ipdefs before update_ip_catalog: our IP would not be found"
    ask ip $vlnv
    set missing [dict create ip:accel $::v::accelerator ip:net $::v::network]
    if {[dict exists $missing $::v::defect] && [dict get $missing $::v::defect] eq $vlnv} { return "" }
    if {![dict exists $::v::repos $vlnv]} { return "" }
    set folder [file join [file dirname $::v::script] [dict get $::v::repos $vlnv]]
    return [expr {$folder in $::v::ip_folders ? $vlnv : ""}]
}
proc ask {what vlnv} { dict set ::v::asked $what [lsort -unique [list {*}[lookup $what] $vlnv]] }
proc create_project {name folder option part args} {
    if {$option ne "-part" || $part ne $::v::part} { fault "the project's part is '$part', the board's is '$::v::part'" }
    set ::v::project $folder
    note create_project
}
proc update_ip_catalog {args} {
    needs ip_repo_paths "update_ip_catalog before ip_repo_paths is set: our IP would not be found"
    note update_ip_catalog
}
proc update_compile_order {args} {}
proc create_bd_design {name} {
    needs board_part "create_bd_design before board_part is set: the PS would keep its defaults"
    needs update_ip_catalog "create_bd_design before update_ip_catalog: our IP would not be found"
    set ::v::bd $name
    note create_bd_design
}

# ---- cells ----
proc create_bd_cell {args} {
    needs create_bd_design "create_bd_cell before create_bd_design"
    set name [lindex $args end]
    set options [lrange $args 0 end-1]
    if {[llength $options] % 2 || ![dict exists $options -vlnv]} { fault "create_bd_cell without -vlnv: $args"; return }
    set vlnv [dict get $options -vlnv]
    if {![cells::is_known $vlnv]} { fault "no model of IP $vlnv"; return cell:$name }
    if {![string match xilinx.com:* $vlnv]} { ask ip_used $vlnv }
    if {[dict exists $::v::cells $name]} { fault "two cells of one name: $name" }
    dict set ::v::cells $name [dict create vlnv $vlnv settings [cells::defaults $vlnv] preset 0 set 0]
    return cell:$name
}
proc apply_bd_automation {args} {
    set name [named cell [lindex $args end]]
    set options [lrange $args 0 end-1]
    if {![dict exists $::v::cells $name]} { return }
    set kind [lindex [split [vlnv_of $name] :] 2]
    if {[lindex [split [dict get $options -rule] :] 2] ne $kind} { fault "rule [dict get $options -rule] is none of $kind" }
    set config [dict get $options -config]
    if {[llength $config] % 2 || ![dict exists $config apply_board_preset]} { fault "no board preset for $name"; return }
    if {![dict get $config apply_board_preset]} { fault "no board preset for $name" }
    if {[dict get $::v::cells $name set]} { fault "$name is set up before its preset, which undoes that" }
    dict set ::v::cells $name preset 1
}
proc set_property {args} {
    set object [lindex $args end]
    if {[lindex $args 0] eq "-dict"} { set pairs [lindex $args 1] } else { set pairs [lrange $args 0 end-1] }
    if {[llength $pairs] % 2} { fault "odd -dict list for $object"; return }
    switch -glob $object {
        cell:* { configure [named cell $object] $pairs }
        project:* { foreach {name value} $pairs { project_property $name $value } }
        fileset:* { if {[lindex $pairs 0] eq "top"} { note top; dict set ::v::asked top [lindex $pairs 1] } }
        default { fault "set_property on '$object'" }
    }
}
proc project_property {name value} {
    if {$name ni {board_part ip_repo_paths}} { fault "unknown property of a project: $name"; return }
    if {$name eq "board_part"} { dict set ::v::asked board_set $value }
    if {$name eq "ip_repo_paths"} { set ::v::ip_folders $value }
    note $name
}
proc configure {cell pairs} {
    if {![dict exists $::v::cells $cell]} { return }
    dict set ::v::cells $cell set 1
    foreach {name value} $pairs {
        set short [regsub {^CONFIG\.} $name ""]
        if {$short eq $name || ![dict exists [cells::defaults [vlnv_of $cell]] $short]} {
            fault "no such setting of $cell: $name"
        }
        dict set ::v::cells $cell settings $short $value
    }
}

# ---- connections ----
proc connect_bd_net {args} {
    set pins [lmap object $args { named pin $object }]
    set index [llength $::v::nets]
    foreach pin $pins {
        if {[dict exists $::v::net_of $pin]} { set index [dict get $::v::net_of $pin] }
    }
    if {$index == [llength $::v::nets]} { lappend ::v::nets {} }
    foreach pin $pins {
        set old [expr {[dict exists $::v::net_of $pin] ? [dict get $::v::net_of $pin] : $index}]
        if {$old != $index} { fault "pin on two nets: $pin" }
        if {$pin in [lindex $::v::nets $index] && $pin ne [lindex $pins 0]} { fault "pin connected twice: $pin" }
        dict set ::v::net_of $pin $index
        if {$pin ni [lindex $::v::nets $index]} { lset ::v::nets $index [list {*}[lindex $::v::nets $index] $pin] }
    }
}
proc connect_bd_intf_net {one other} {
    set ends [list [named intf $one] [named intf $other]]
    lassign $ends a b
    foreach {x y} [list $a $b $b $a] {
        if {[dict exists $::v::link_of $x]} { fault "interface connected twice: $x" }
        dict set ::v::link_of $x $y
    }
    lassign [end_of 1 $a] role_a type_a width_a
    lassign [end_of 1 $b] role_b type_b width_b
    if {$role_a eq $role_b} { fault "two ${role_a}s are linked: $a $b" }
    if {$type_a ne $type_b} { fault "interfaces of two types are linked: $a ($type_a) $b ($type_b)" }
    if {$type_a eq "axis" && $width_a ne $width_b} { fault "streams of two widths are linked: $a ($width_a) $b ($width_b)" }
}

# ---- addresses ----
proc assign_bd_address {args} {
    if {![llength $args]} { note assign_bd_address; return }
    set options [lsearch -all -inline -not -exact $args -force]
    set face ""
    array set given {-offset "" -range "" -target_address_space ""}
    for {set at 0} {$at < [llength $options]} {incr at} {
        set word [lindex $options $at]
        if {[string match seg:* $word]} { set face [named seg $word]; continue }
        if {![info exists given($word)]} { fault "assign_bd_address with '$word'"; continue }
        set given($word) [lindex $options [incr at]]
    }
    if {$face eq ""} { fault "assign_bd_address without a segment"; return }
    set base $given(-offset)
    set size $given(-range)
    if {![string is entier -strict $base] || ![string is entier -strict $size]} {
        fault "address of $face: '$base' and '$size' are no numbers"
        return
    }
    set cell [lindex [split [named space $given(-target_address_space)] /] 0]
    if {[dict exists $::v::cells $cell]} { check_segment $face $base $size [lindex [split [vlnv_of $cell] :] 2] }
    dict set ::v::segments $face [list $base $size]
}
proc check_segment {face base size ps} {
    if {$size < 4096 || $size & ($size - 1)} { fault "range of $face is no power of two from 4096 on: $size" }
    if {$base % $size} { fault [format "address of %s is no multiple of its range: 0x%X" $face $base] }
    set limits [dict create processing_system7 {0x40000000 0x7FFFFFFF} zynq_ultra_ps_e {0xA0000000 0xAFFFFFFF}]
    if {![dict exists $limits $ps]} { fault "addresses of $face are not seen from the PS"; return }
    lassign [dict get $limits $ps] low high
    if {$base < $low || $base + $size - 1 > $high} {
        fault [format "address of %s is outside the PS's range 0x%X..0x%X: 0x%X" $face $low $high $base]
    }
    dict for {other segment} $::v::segments {
        lassign $segment start length
        if {$other ne $face && $base < $start + $length && $start < $base + $size} { fault "addresses overlap: $face $other" }
    }
}
