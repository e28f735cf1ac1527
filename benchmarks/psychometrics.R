# What psych and lavaan need for the tasks of psychometrics.py.
#
#     Rscript psychometrics.R answers.csv repetitions wlsmv_repetitions
#
# Prints one line a task: name and the best elapsed seconds, tab between them.
suppressMessages({library(psych); library(GPArotation); library(lavaan)})
options(mc.cores = 1)

asked <- commandArgs(trailingOnly = TRUE)
answers <- read.csv(asked[1])
scales <- lapply(0:5, function(s) names(answers)[s * 5 + 1:5])
names(scales) <- paste0("f", 1:6)
items <- answers[unlist(scales)]
model <- paste(sapply(names(scales), function(f) paste(f, "=~", paste(scales[[f]], collapse = " + "))),
               collapse = "\n")

best <- function(name, task, repetitions = as.integer(asked[2])) {
  seconds <- sapply(seq_len(repetitions), function(i) {
    system.time(suppressMessages(suppressWarnings(invisible(capture.output(task())))))[["elapsed"]]
  })
  cat(name, "\t", min(seconds), "\n", sep = "")
}

best("alpha and items", function() for (s in scales) alpha(items[s]))
best("scoring", function() scoreItems(scales, items))
best("polychoric", function() polychoric(items))
best("EFA", function() fa(items, nfactors = 6, fm = "minres", rotate = "oblimin"))
best("CFA ML", function() cfa(model, items))
best("invariance ML", function() {
  for (equal in list("", "loadings", c("loadings", "intercepts"))) {
    cfa(model, answers, group = "group", group.equal = equal)
  }
})
best("CFA WLSMV", function() cfa(model, items, ordered = TRUE), as.integer(asked[3]))
