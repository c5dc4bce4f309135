;; Finds where a chunk ends: the gear hash of chunker.ts, over bytes that lie in the memory it is given.
;;
;; Four stretches of 1 KiB are hashed side by side, one in each lane: the hash depends on the last 32 bytes alone, so that
;; a stretch needs only those before it. What is found first in the order of the bytes is the cut, as if one hash had run
;; over all. The table is at address 0: 256 words.
(module
  (import "chunking" "memory" (memory 1 65536 shared))

  (global $stretch i32 (i32.const 1024))

  ;; The hash after the 32 bytes before an address.
  (func $hashBefore (param $at i32) (result i32)
    (local $from i32) (local $hash i32)
    (local.set $from (i32.sub (local.get $at) (i32.const 32)))
    (loop $next
      (local.set $hash
        (i32.add
          (i32.shl (local.get $hash) (i32.const 1))
          (i32.load (i32.shl (i32.load8_u (local.get $from)) (i32.const 2)))))
      (local.set $from (i32.add (local.get $from) (i32.const 1)))
      (br_if $next (i32.lt_u (local.get $from) (local.get $at))))
    (local.get $hash))

  ;; The first address after a byte at `at` to `end` - 1 where the hash has all zeros under the mask; 0 when there is none.
  ;; `hash` is the hash before `at`.
  (func $scan (param $at i32) (param $end i32) (param $hash i32) (param $mask i32) (result i32)
    (block $done
      (loop $next
        (br_if $done (i32.ge_u (local.get $at) (local.get $end)))
        (local.set $hash
          (i32.add
            (i32.shl (local.get $hash) (i32.const 1))
            (i32.load (i32.shl (i32.load8_u (local.get $at)) (i32.const 2)))))
        (local.set $at (i32.add (local.get $at) (i32.const 1)))
        (br_if $next (i32.and (local.get $hash) (local.get $mask)))
        (return (local.get $at))))
    (i32.const 0))

  ;; As $scan, from any address that has 32 bytes before it.
  (func (export "firstCut") (param $at i32) (param $end i32) (param $mask i32) (result i32)
    (local $hash v128) (local $masks v128) (local $hits v128)
    (local $step i32) (local $place i32) (local $lane i32) (local $found i32) (local $laneHash i32)
    (local.set $masks (i32x4.splat (local.get $mask)))
    (block $tail
      (loop $block
        (br_if $tail
          (i32.gt_u (i32.add (local.get $at) (i32.const 4096)) (local.get $end)))
        (local.set $hash
          (i32x4.replace_lane 3
            (i32x4.replace_lane 2
              (i32x4.replace_lane 1
                (i32x4.splat (call $hashBefore (local.get $at)))
                (call $hashBefore (i32.add (local.get $at) (i32.const 1024))))
              (call $hashBefore (i32.add (local.get $at) (i32.const 2048))))
            (call $hashBefore (i32.add (local.get $at) (i32.const 3072)))))
        (local.set $place (local.get $at))
        (local.set $step (i32.add (local.get $at) (i32.const 1024)))
        (block $hit
          (loop $next
            (local.set $hash
              (i32x4.add
                (i32x4.shl (local.get $hash) (i32.const 1))
                (v128.load32_lane 3
                  (i32.shl (i32.load8_u offset=3072 (local.get $place)) (i32.const 2))
                  (v128.load32_lane 2
                    (i32.shl (i32.load8_u offset=2048 (local.get $place)) (i32.const 2))
                    (v128.load32_lane 1
                      (i32.shl (i32.load8_u offset=1024 (local.get $place)) (i32.const 2))
                      (v128.load32_zero (i32.shl (i32.load8_u (local.get $place)) (i32.const 2))))))))
            (local.set $hits (i32x4.eq (v128.and (local.get $hash) (local.get $masks)) (v128.const i32x4 0 0 0 0)))
            (local.set $place (i32.add (local.get $place) (i32.const 1)))
            (br_if $hit (v128.any_true (local.get $hits)))
            (br_if $next (i32.lt_u (local.get $place) (local.get $step))))
          (local.set $at (i32.add (local.get $at) (i32.const 4096)))
          (br $block))
        ;; The lanes before the first that hit may hit later, and what they find comes first.
        (local.set $lane (i32.ctz (i32x4.bitmask (local.get $hits))))
        (local.set $found (i32.add (local.get $place) (i32.shl (local.get $lane) (i32.const 10))))
        (if (i32.gt_u (local.get $lane) (i32.const 0))
          (then
            (local.set $laneHash
              (call $scan (local.get $place) (local.get $step)
                (i32x4.extract_lane 0 (local.get $hash)) (local.get $mask)))
            (if (local.get $laneHash) (then (return (local.get $laneHash))))))
        (if (i32.gt_u (local.get $lane) (i32.const 1))
          (then
            (local.set $laneHash
              (call $scan
                (i32.add (local.get $place) (i32.const 1024)) (i32.add (local.get $step) (i32.const 1024))
                (i32x4.extract_lane 1 (local.get $hash)) (local.get $mask)))
            (if (local.get $laneHash) (then (return (local.get $laneHash))))))
        (if (i32.gt_u (local.get $lane) (i32.const 2))
          (then
            (local.set $laneHash
              (call $scan
                (i32.add (local.get $place) (i32.const 2048)) (i32.add (local.get $step) (i32.const 2048))
                (i32x4.extract_lane 2 (local.get $hash)) (local.get $mask)))
            (if (local.get $laneHash) (then (return (local.get $laneHash))))))
        (return (local.get $found))))
    (call $scan (local.get $at) (local.get $end) (call $hashBefore (local.get $at)) (local.get $mask)))
)
