;;; dape.el --- attach to what devenv forwards  -*- lexical-binding: t -*-

;; For Emacs with dape: `M-x dape RET devenv-api RET'.  One entry a service; the port is what `devenv status' prints, the
;; folders are those of .vscode/launch.json, which `devenv debug vscode' writes.

(with-eval-after-load 'dape
  ;; Python: debugpy.
  (add-to-list 'dape-configs
               `(devenv-api
                 modes (python-mode python-ts-mode)
                 host "127.0.0.1"
                 port 5678
                 :type "debugpy"
                 :request "attach"
                 :pathMappings [(:localRoot ,(expand-file-name "~/shop/src/") :remoteRoot "/src/")]
                 :justMyCode t))
  ;; Go: Delve.
  (add-to-list 'dape-configs
               `(devenv-gosvc
                 modes (go-mode go-ts-mode)
                 host "127.0.0.1"
                 port 2345
                 :type "go"
                 :request "attach"
                 :mode "remote"
                 :substitutePath [(:from ,(expand-file-name "~/shop/gosvc") :to "/src")])))
